package store_test

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

const (
	manyRows = 20_000
	fewRows  = 2_000 // more than a page or a batch takes, fewer than a table has
)

// fill makes tables so large that a plan which reads all of one shows. One picture
// of four waits, but none of the newest: a page of those that wait is behind more rows
// than a statement may read.
func (d database) fill(t *testing.T) {
	t.Helper()
	d.exec(t, fmt.Sprintf(`INSERT INTO person (name, spelling, created_at)
		SELECT CONCAT('person ', seq), CONCAT('person ', seq), UTC_TIMESTAMP(6) FROM seq_1_to_%d`, manyRows))
	d.exec(t, fmt.Sprintf(`INSERT INTO person_images (image_name, person_id, state, created_at)
		SELECT CONCAT(seq, '.jpg'), seq, IF(seq %% 1000 = 0, 'pending', 'usable'), UTC_TIMESTAMP(6) FROM seq_1_to_%d`, manyRows))
	d.exec(t, "INSERT INTO descriptors (photo_id, model, descriptor) SELECT id, 'm', 'some' FROM person_images")
	d.exec(t, fmt.Sprintf(`INSERT INTO changes (made_at, action, person_id)
		SELECT UTC_TIMESTAMP(6), 'enrol', seq FROM seq_1_to_%d`, manyRows))
	d.exec(t, `INSERT INTO change_values (change_id, subject, before_it, after_it)
		SELECT id, CONCAT('person/', person_id, '/removed'), 'true', 'false' FROM changes`)
	d.exec(t, "INSERT INTO change_people (person_id, change_id) SELECT person_id, id FROM changes")
	d.exec(t, fmt.Sprintf(`INSERT INTO images (path, status, person_id, queued_at, announced_at, created_at, updated_at)
		SELECT
			CONCAT(seq, '.jpg'),
			CASE WHEN seq > %[1]d THEN 'unknown' WHEN seq %% 4 = 0 THEN 'pending' ELSE 'identified' END,
			IF(seq %% 4 = 0, NULL, seq),
			UTC_TIMESTAMP(6) - INTERVAL seq SECOND,
			IF(seq %% 4 = 0 AND seq <= %[1]d, NULL, UTC_TIMESTAMP(6)),
			UTC_TIMESTAMP(6) - INTERVAL %[2]d - seq SECOND,
			UTC_TIMESTAMP(6)
		FROM seq_1_to_%[2]d`, manyRows-2*fewRows, manyRows))
	d.exec(t, `INSERT INTO faces (image_id, person_id, image_name)
		SELECT id, person_id, path FROM images WHERE person_id IS NOT NULL`)
	d.exec(t, fmt.Sprintf(`INSERT INTO folders (path, worked_at, finished_at, created_at)
		SELECT
			CONCAT(seq, '/'),
			UTC_TIMESTAMP(6),
			IF(seq %% 4 = 0, NULL, UTC_TIMESTAMP(6)),
			UTC_TIMESTAMP(6)
		FROM seq_1_to_%d`, manyRows))
	d.exec(t, `INSERT INTO folder_images (folder_id, image_id, walk)
		SELECT 1 + (id MOD 1000), id, 1 FROM images`)
	d.exec(t, "INSERT INTO image_events (image_id, happened_at, round, what, detail) SELECT id, UTC_TIMESTAMP(6), 1, 'tried', 'why' FROM images")
	for _, table := range []string{"image_events", "person", "person_images", "descriptors", "changes", "change_values", "change_people", "images", "faces", "folders", "folder_images"} {
		d.scan(t, "ANALYZE TABLE "+table, new(any), new(any), new(any), new(any))
	}
}

// Each statement that a picture's way or a first page takes reads a page or a batch
// of its table, however large that is. The server's own log tells what was sent.
func TestNoStatementReadsAWholeTable(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.fill(t)
	account := deptest.Account(t, db.dsn, "migrate") // it may do all that these methods do
	user, _, _ := strings.Cut(account, ":")
	s := open(t, store.Settings{Database: store.Database{DSN: account}, Connections: 1})
	for name, c := range map[string]struct {
		use        func() error
		statements int
	}{
		"submit": {func() error {
			_, err := s.Submit(t.Context(), []store.Posted{
				{Path: "5.jpg", Other: "/pics/5.jpg", FileName: "IMG_5.jpg"}, {Path: "8.jpg", Other: "/pics/8.jpg"}, {Path: "new.jpg", Other: "/pics/new.jpg"}})
			return err
		}, 5},
		"look again": {func() error {
			_, err := s.LookAgain(t.Context(), []store.Submission{{Ref: store.Ref{Path: "9.jpg"}, Content: "old"}, {Ref: store.Ref{Path: "10.jpg"}, Content: "old"}})
			return err
		}, 2},
		"reposted": {func() error {
			_, err := s.Reposted(t.Context(), 100)
			return err
		}, 1},
		"mark as compared": {func() error { return s.MarkCompared(t.Context(), []int64{5, 6}) }, 1},
		"mark as queued":   {func() error { return s.MarkQueued(t.Context(), []int64{4, 8, 12}) }, 1},
		"claim and finish": {func() error {
			claim, err := s.Claim(t.Context(), 16, time.Minute)
			if err != nil {
				return err
			}
			_, err = s.Finish(t.Context(), claim, store.Result{Faces: []lineup.Face{{ImageName: "1.jpg"}, {ImageName: "2.jpg"}}}, false)
			return err
		}, 9},
		"claim and give back": {func() error {
			claim, err := s.Claim(t.Context(), 20, time.Minute)
			if err != nil {
				return err
			}
			return s.GiveBack(t.Context(), claim, time.Minute, true, "")
		}, 3},
		"claim and give back for a reason": {func() error {
			claim, err := s.Claim(t.Context(), 24, time.Minute)
			if err != nil {
				return err
			}
			return s.GiveBack(t.Context(), claim, time.Minute, false, "the disk is away")
		}, 5},
		"a history": {func() error {
			_, err := s.History(t.Context(), 1)
			return err
		}, 3},
		"announce": {func() error { return s.MarkAnnounced(t.Context(), 1, 1, 0) }, 1},
		"due": {func() error {
			_, err := s.Due(t.Context(), time.Minute, 100)
			return err
		}, 1},
		"due again": {func() error {
			_, err := s.DueAgain(t.Context(), time.Minute, 100)
			return err
		}, 1},
		"an image": {func() error {
			_, err := s.Image(t.Context(), 1)
			return err
		}, 4},
		"the first page of images": {func() error {
			_, _, err := s.Images(t.Context(), store.Filter{Limit: 50})
			return err
		}, 4},
		"the second page of images": {func() error {
			_, _, err := s.Images(t.Context(), store.Filter{Limit: 50, Before: manyRows - 50})
			return err
		}, 4},
		"the first page of a status": {func() error {
			_, _, err := s.Images(t.Context(), store.Filter{Limit: 50, Status: lineup.Pending})
			return err
		}, 1},
		"the first page of another status": {func() error {
			_, _, err := s.Images(t.Context(), store.Filter{Limit: 50, Status: lineup.Identified})
			return err
		}, 4},
		"the first page of a person's": {func() error {
			_, _, err := s.Images(t.Context(), store.Filter{Limit: 50, Person: 7})
			return err
		}, 5},
		"a person's of a status": {func() error {
			_, _, err := s.Images(t.Context(), store.Filter{Limit: 50, Person: 7, Status: lineup.Identified})
			return err
		}, 5},
		"a person's that failed": {func() error {
			_, _, err := s.Images(t.Context(), store.Filter{Limit: 50, Person: 7, Status: lineup.Failed})
			return err
		}, 2},
		"a person's of a status that nobody's are of": {func() error {
			_, _, err := s.Images(t.Context(), store.Filter{Limit: 50, Person: 7, Status: lineup.Pending})
			return err
		}, 3},
		"the first page of a time": {func() error {
			_, _, err := s.Images(t.Context(), store.Filter{Limit: 50, Since: time.Now().Add(-2 * time.Hour), Until: time.Now().Add(-time.Hour)})
			return err
		}, 6},
		"the first page of a path and a file name": {func() error {
			_, _, err := s.Images(t.Context(), store.Filter{Limit: 50, Path: "777", FileName: "IMG_"})
			return err
		}, 2},
		"submit a folder": {func() error {
			_, err := s.SubmitFolder(t.Context(), "7/")
			return err
		}, 3},
		"folders that are due": {func() error {
			_, err := s.DueFolders(t.Context(), 10)
			return err
		}, 1},
		"walk a folder": {func() error {
			walk, err := s.ClaimFolder(t.Context(), 8, time.Minute)
			if err != nil {
				return err
			}
			if _, err := s.SubmitWalked(t.Context(), walk, store.Paths("9.jpg", "another.jpg")); err != nil {
				return err
			}
			if err := s.MoveWalk(t.Context(), &walk, "b.jpg", 2); err != nil {
				return err
			}
			return s.FinishWalk(t.Context(), walk)
		}, 10},
		"a folder": {func() error {
			_, err := s.Folder(t.Context(), 3)
			return err
		}, 2},
		"the second page of folders": {func() error {
			_, _, err := s.Folders(t.Context(), manyRows-50, 50)
			return err
		}, 1},
		"the first page of people": {func() error {
			_, _, err := s.People(t.Context(), 0, 50)
			return err
		}, 1},
		"a person": {func() error {
			_, err := s.Person(t.Context(), 1)
			return err
		}, 6},
		"enrol again": {func() error {
			_, err := s.Enrol(t.Context(), with(store.Enrolment{Name: "person 7"}, "7.jpg"))
			return err
		}, 14},
		"enrol somebody new": {func() error {
			_, err := s.Enrol(t.Context(), with(store.Enrolment{Name: "somebody"}, "a.jpg", "b.jpg"))
			return err
		}, 16},
		"claim and finish a photo": {func() error {
			claim, err := s.ClaimPhoto(t.Context(), 1000, time.Minute)
			if err != nil {
				return err
			}
			_, err = s.FinishPhoto(t.Context(), claim, store.PhotoOutcome{State: store.PhotoUsable, Descriptor: face(0), Model: "m", GalleryState: manyRows,
				Candidates: []store.PhotoCandidate{{PersonID: 7, PhotoID: 7, ImageName: "7.jpg"}}})
			return err
		}, 15},
		"photos that are due": {func() error {
			_, err := s.DuePhotos(t.Context(), time.Minute, 100)
			return err
		}, 1},
		"mark photos as queued": {func() error { return s.MarkPhotosQueued(t.Context(), []int64{2000, 3000}) }, 1},
		"what erasing takes": {func() error {
			_, _, err := s.ErasablePhotos(t.Context(), 21)
			return err
		}, 4},
		"remove a photo": {func() error { _, err := s.RemovePhoto(t.Context(), 21, 21, ""); return err }, 9},
		"name, merge and undo": {func() error {
			if _, err := s.PatchPerson(t.Context(), 31, store.PersonPatch{Name: new("another name")}, ""); err != nil {
				return err
			}
			if _, err := s.MergePeople(t.Context(), 31, []int64{32}, ""); err != nil {
				return err
			}
			changes, _, err := s.Changes(t.Context(), store.ChangeFilter{Person: 31, Limit: 1})
			if err != nil {
				return err
			}
			_, err = s.UndoChange(t.Context(), changes[0].ID, "")
			return err
		}, 70},
		"a page of changes": {func() error {
			_, _, err := s.Changes(t.Context(), store.ChangeFilter{Before: manyRows / 2, Limit: 50})
			return err
		}, 4},
		"the second page of a person's changes": {func() error {
			_, _, err := s.Changes(t.Context(), store.ChangeFilter{Person: 41, Before: manyRows, Limit: 50})
			return err
		}, 5},
		"people by the beginning of their names": {func() error {
			_, _, err := s.Profiles(t.Context(), store.PeopleFilter{Query: "Person 77", Limit: 5})
			return err
		}, 6},
		"a page of people by name": {func() error {
			_, _, err := s.Profiles(t.Context(), store.PeopleFilter{Named: new(true), Hidden: new(bool), Order: store.ByName, After: 500, Limit: 50})
			return err
		}, 6},
		"a page of people by name's beginning": {func() error {
			_, _, err := s.Profiles(t.Context(), store.PeopleFilter{Named: new(true), Hidden: new(bool), Query: "Person", Order: store.ByName, After: 500, Limit: 50})
			return err
		}, 6},
		"a page of the newest people": {func() error {
			_, _, err := s.Profiles(t.Context(), store.PeopleFilter{Named: new(true), Hidden: new(bool), Order: store.LastAdded, After: 500, Limit: 50})
			return err
		}, 6},
		"a page of people by their pictures": {func() error {
			_, _, err := s.Profiles(t.Context(), store.PeopleFilter{Named: new(true), Hidden: new(bool), Order: store.InMost, After: 500, Limit: 50})
			return err
		}, 8},
		"who of some names was seen last": {func() error {
			_, _, err := s.LastSeen(t.Context(), store.PeopleFilter{Named: new(true), Hidden: new(bool), Query: "Person 77", Limit: 50})
			return err
		}, 9},
		"a page of strangers": {func() error {
			_, _, err := s.Profiles(t.Context(), store.PeopleFilter{Named: new(bool), Hidden: new(bool), Limit: 50})
			return err
		}, 1},
		"glimpses of people": {func() error {
			_, err := s.Glimpses(t.Context(), []int64{5, 6, 7}, 5)
			return err
		}, 2},
		"the least sure faces": {func() error {
			_, _, err := s.LeastSure(t.Context(), store.SureFilter{Person: 7, Among: 5000, Limit: 50})
			return err
		}, 3},
		"who of some people is in no picture": {func() error {
			_, err := s.InNoPicture(t.Context(), []int64{5, 6, 7})
			return err
		}, 1},
		"which photos of a person are unlike the others": {func() error {
			_, err := s.UnlikeOthers(t.Context(), []int64{5, 6, 7}, 0.2)
			return err
		}, 1},
		"who of some people is alike": {func() error {
			_, err := s.AlikeAmong(t.Context(), []int64{5, 6, 7}, 0.3)
			return err
		}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			statements := db.logged(t, user, c.use)
			if len(statements) != c.statements {
				t.Errorf("%d statements were sent, want %d: %q", len(statements), c.statements, statements)
			}
			for _, statement := range statements {
				db.mustPlanToReadLittle(t, statement)
				db.mustReadFewer(t, statement, fewRows)
			}
		})
	}
}

// To find whom to forget reads of each stranger a few rows, and not all others.
// The server's log is one, so that it runs beside no other test of that.
func TestForgettingReadsEachStrangerOnce(t *testing.T) {
	db := newDatabase(t)
	for _, statement := range []string{
		"INSERT INTO person (id, created_at, merged_into) SELECT seq, UTC_TIMESTAMP(6) - INTERVAL 1 DAY, IF(seq > %[1]d, seq - %[1]d, NULL) FROM seq_1_to_%[2]d",
		"INSERT INTO images (id, path, status, created_at, updated_at) SELECT seq, seq, 'unknown', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM seq_1_to_%[2]d",
		"INSERT INTO faces (id, image_id, person_id) SELECT seq, seq, seq FROM seq_1_to_%[2]d",
		"INSERT INTO person_images (image_name, person_id, face_id, state, created_at) SELECT CONCAT('faces/', seq), seq, seq, 'usable', UTC_TIMESTAMP(6) FROM seq_1_to_%[2]d",
	} {
		db.exec(t, fmt.Sprintf(statement, fewRows, 2*fewRows))
	}
	for _, table := range []string{"person", "images", "faces", "person_images"} {
		db.scan(t, "ANALYZE TABLE "+table, new(any), new(any), new(any), new(any))
	}
	account := deptest.Account(t, db.dsn, "receive")
	user, _, _ := strings.Cut(account, ":")
	s := open(t, store.Settings{Database: store.Database{DSN: account}, Connections: 1})
	statements := db.logged(t, user, func() error {
		forgotten, err := s.TidyStrangers(t.Context(), store.StrangerLimits{Most: 2 * fewRows, Age: time.Hour})
		if err == nil && forgotten > 0 {
			err = fmt.Errorf("%d were forgotten, though all were seen", forgotten)
		}
		return err
	})
	if len(statements) == 0 {
		t.Error("no statement was sent")
	}
	for _, statement := range statements {
		db.mustReadFewer(t, statement, 20*fewRows)
	}
}

// logged gives the statements on tables that the user sends meanwhile.
func (d database) logged(t *testing.T, user string, use func() error) []string {
	t.Helper()
	for _, setting := range []string{"log_output = 'TABLE'", "general_log = 1"} {
		d.exec(t, "SET GLOBAL "+setting)
	}
	defer d.exec(t, "SET GLOBAL general_log = 0")
	d.exec(t, "TRUNCATE mysql.general_log")
	if err := use(); err != nil {
		t.Fatal(err)
	}
	rows, err := d.sql.QueryContext(t.Context(), `
		SELECT argument
		FROM mysql.general_log
		WHERE user_host LIKE ?
			AND command_type = 'Query'
			AND argument REGEXP '^[[:space:]]*(SELECT|INSERT|UPDATE|DELETE)'
			AND argument NOT LIKE '%goose_db_version%'`, user+"[%")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var statements []string
	for rows.Next() {
		var statement string
		if err := rows.Scan(&statement); err != nil {
			t.Fatal(err)
		}
		statements = append(statements, statement)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return statements
}

// mustReadFewer fails the test when the server reads many rows for a query. A plan does
// not tell how many it passes over until it has a page.
func (d database) mustReadFewer(t *testing.T, statement string, than int) {
	t.Helper()
	if !strings.HasPrefix(strings.TrimSpace(statement), "SELECT") {
		return // it would write once more
	}
	connection, err := d.sql.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	before := rowsRead(t, connection)
	rows, err := connection.QueryContext(t.Context(), statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	for rows.Next() {
		continue
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if read := rowsRead(t, connection) - before; read >= than {
		t.Errorf("%s\nreads %d rows", statement, read)
	}
}

// rowsRead is how many rows the server has read for the connection by an index. Those of
// whole scans, which a plan tells, are left out: this query is one.
func rowsRead(t *testing.T, connection *sql.Conn) (read int) {
	t.Helper()
	const sum = `SELECT CAST(SUM(variable_value) AS SIGNED) FROM information_schema.session_status
		WHERE variable_name LIKE 'Handler\_read\_%' AND variable_name NOT LIKE '%\_rnd\_%'`
	if err := connection.QueryRowContext(t.Context(), sum).Scan(&read); err != nil {
		t.Fatal(err)
	}
	return read
}

// mustPlanToReadLittle fails the test when the server would read or sort much of a table
// for the statement.
func (d database) mustPlanToReadLittle(t *testing.T, statement string) {
	t.Helper()
	rows, err := d.sql.QueryContext(t.Context(), "EXPLAIN "+statement)
	if err != nil {
		t.Fatalf("explain %s: %v", statement, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, selected, table, access, possible, key, length, ref, estimate, extra sql.NullString
		if err := rows.Scan(&id, &selected, &table, &access, &possible, &key, &length, &ref, &estimate, &extra); err != nil {
			t.Fatal(err)
		}
		few := true
		if estimate.Valid {
			n, err := strconv.Atoi(strings.Fields(estimate.String)[0]) // behind it may stand what a filter leaves of them
			if err != nil {
				t.Fatal(err)
			}
			few = n < fewRows
		}
		full := (access.String == "ALL" || access.String == "index") && !few
		sorted := (strings.Contains(extra.String, "filesort") || strings.Contains(extra.String, "temporary")) && !few
		if full || sorted {
			t.Errorf("%s\nreads table %s by %s, index %q, %s rows: %s",
				statement, table.String, access.String, key.String, estimate.String, extra.String)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}
