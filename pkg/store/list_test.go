package store_test

import (
	"slices"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// album fills a database with pictures of every kind, 1 to 8, posted a minute apart, and
// gives the first minute. Anna (1) has Ann (2) merged into her; Ben is 3.
func album(t *testing.T) (database, time.Time) {
	t.Helper()
	db := newDatabase(t)
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	db.exec(t, `INSERT INTO person (id, name, spelling, merged_into, created_at) VALUES
		(1, 'Anna', 'anna', NULL, NOW()), (2, 'Ann', 'ann', 1, NOW()), (3, 'Ben', 'ben', NULL, NOW()), (4, NULL, NULL, NULL, NOW())`)
	for i, row := range []struct {
		path, file, status string
		people             []int64
	}{
		{"a/1.jpg", "IMG_1.jpg", "identified", []int64{1}},
		{"a/2.jpg", "img_2.jpg", "identified", []int64{2, 3}},
		{"a_/3.jpg", "", "identified", []int64{1, 2}},
		{"b/4.jpg", "100%.jpg", "unknown", []int64{4}},
		{"b/5.jpg", "", "failed", nil},
		{"b/\xff6.jpg", "100.jpg", "failed", []int64{1}},
		{"b/7.jpg", "", "pending", []int64{1}},
		{"c/8.jpg", "", "processing", []int64{1}},
	} {
		id := i + 1
		db.exec(t, `INSERT INTO images (id, path, file_name, status, created_at, updated_at) VALUES (?, ?, NULLIF(?, ''), ?, ?, ?)`,
			id, []byte(row.path), row.file, row.status, start.Add(time.Duration(i)*time.Minute), start.Add(time.Duration(i)*time.Minute))
		for _, person := range row.people {
			by := "machine"
			if row.status == "failed" {
				by = "hand"
			}
			db.exec(t, `INSERT INTO faces (image_id, person_id, decided_by) VALUES (?, ?, ?)`, id, person, by)
		}
	}
	db.exec(t, `UPDATE images SET answered = 1 WHERE id = 8`)
	testkit.Succeed(t, store.Migrate(t.Context(), db.dsn)) // the names by which they are looked for
	return db, start
}

func TestFilters(t *testing.T) {
	t.Parallel()
	db, start := album(t)
	minute := func(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }
	for name, c := range map[string]struct {
		filter store.Filter
		want   []int64
	}{
		"a path's beginning":                     {store.Filter{Path: "a/"}, []int64{2, 1}},
		"in which _ is itself":                   {store.Filter{Path: "a_"}, []int64{3}},
		"that is no text":                        {store.Filter{Path: "b/\xff"}, []int64{6}},
		"a whole path":                           {store.Filter{Path: "c/8.jpg"}, []int64{8}},
		"a path that none begins with":           {store.Filter{Path: "d"}, nil},
		"a file name's beginning, in any case":   {store.Filter{FileName: "img_"}, []int64{2, 1}},
		"the end of a path, in any case":         {store.Filter{FileName: "7.J"}, []int64{7}},
		"not what an upload lies under":          {store.Filter{FileName: "1.jpg"}, nil},
		"in which % is itself":                   {store.Filter{FileName: "100%"}, []int64{4}},
		"since":                                  {store.Filter{Since: minute(5)}, []int64{8, 7, 6}},
		"until":                                  {store.Filter{Until: minute(2)}, []int64{2, 1}},
		"since and until":                        {store.Filter{Since: minute(2), Until: minute(4)}, []int64{4, 3}},
		"since a time that is yet to come":       {store.Filter{Since: minute(8)}, nil},
		"until a time before all":                {store.Filter{Until: start}, nil},
		"until before since":                     {store.Filter{Since: minute(4), Until: minute(2)}, nil},
		"a person with whoever was merged":       {store.Filter{Person: 1}, []int64{8, 6, 3, 2, 1}},
		"one who was merged, by themselves":      {store.Filter{Person: 2}, []int64{3, 2}},
		"a person before":                        {store.Filter{Person: 1, Before: 3}, []int64{2, 1}},
		"a person, identified":                   {store.Filter{Person: 1, Status: lineup.Identified}, []int64{3, 2, 1}},
		"a person, failed":                       {store.Filter{Person: 1, Status: lineup.Failed}, []int64{6}},
		"a person, unknown":                      {store.Filter{Person: 1, Status: lineup.Unknown}, nil},
		"a person, pending":                      {store.Filter{Person: 1, Status: lineup.Pending}, nil},
		"a person, looked at again":              {store.Filter{Person: 1, Status: lineup.Processing}, []int64{8}},
		"somebody without a name, unknown":       {store.Filter{Person: 4, Status: lineup.Unknown}, []int64{4}},
		"nobody, unknown":                        {store.Filter{Person: 99, Status: lineup.Unknown}, nil},
		"a person and a time":                    {store.Filter{Person: 1, Since: minute(1), Until: minute(3)}, []int64{3, 2}},
		"a person and a path":                    {store.Filter{Person: 3, Path: "a"}, []int64{2}},
		"a person, a status and a file name":     {store.Filter{Person: 1, Status: lineup.Identified, FileName: "IMG"}, []int64{2, 1}},
		"a status and a time":                    {store.Filter{Status: lineup.Identified, Since: minute(1)}, []int64{3, 2}},
		"a status, a time and before":            {store.Filter{Status: lineup.Identified, Since: minute(1), Before: 3}, []int64{2}},
		"a path, a file name, a status and time": {store.Filter{Path: "a", FileName: "i", Status: lineup.Identified, Until: minute(1)}, []int64{1}},
	} {
		t.Run(name, func(t *testing.T) {
			c.filter.Limit = 50
			got, more, err := db.Images(t.Context(), c.filter)
			if err != nil || more {
				t.Fatalf("more %t, %v", more, err)
			}
			var ids []int64
			for _, image := range got {
				ids = append(ids, image.ID)
			}
			if !slices.Equal(ids, c.want) {
				t.Errorf("got %v, want %v", ids, c.want)
			}
			c.filter.Limit = 1
			if first, more, err := db.Images(t.Context(), c.filter); err != nil || len(first) != min(1, len(c.want)) || more != (len(c.want) > 1) {
				t.Errorf("a page of one has %d, more %t, %v", len(first), more, err)
			}
		})
	}
}

// A name counts at once; the statuses of its pictures follow, by a re-match.
func TestPicturesOfSomebodyNamedSoonWaitForTheRematch(t *testing.T) {
	t.Parallel()
	db, _ := album(t)
	db.exec(t, `UPDATE person SET name = 'Cleo', spelling = 'cleo' WHERE id = 4`)
	filter := store.Filter{Person: 4, Status: lineup.Unknown, Limit: 50}
	db.exec(t, `INSERT INTO rematches (first_image, gallery_state) VALUES (0, 2)`)
	if got, _, err := db.Images(t.Context(), filter); err != nil || len(got) != 1 {
		t.Errorf("%d pictures, %v, want the one", len(got), err)
	}
}

// More persons than are asked for apart are still one.
func TestPicturesOfManyWhoAreOne(t *testing.T) {
	t.Parallel()
	db, _ := album(t)
	db.exec(t, `INSERT INTO person (name, merged_into, created_at) SELECT CONCAT('p', seq), 1, NOW() FROM seq_1_to_300`)
	if got, _, err := db.Images(t.Context(), store.Filter{Person: 1, Limit: 50}); err != nil || len(got) != 5 {
		t.Errorf("%d pictures, %v, want 5", len(got), err)
	}
}

func TestStrangersAreListedByTheirPictures(t *testing.T) {
	t.Parallel()
	db, _ := album(t)
	db.exec(t, `INSERT INTO person (id, created_at) VALUES (5, NOW()), (6, NOW()), (7, NOW())`)
	db.exec(t, `INSERT INTO faces (image_id, person_id) VALUES (1, 6), (2, 6), (1, 7), (1, 5), (2, 5), (3, 5)`)
	if err := db.Recount(t.Context()); err != nil {
		t.Fatal(err)
	}
	named := false
	var got []int64
	for f := (store.PeopleFilter{Named: &named, Limit: 1}); ; f.After = got[len(got)-1] {
		page, more, err := db.Profiles(t.Context(), f)
		if err != nil || len(page) != 1 {
			t.Fatalf("after %d: %d persons, %v", f.After, len(page), err)
		}
		if got = append(got, page[0].ID); !more {
			break
		}
	}
	if want := []int64{5, 6, 7, 4}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A ping may be minutes away: who was just looked at, merged or told apart is counted at once.
func TestStrangersAreListedByTheirPicturesBeforeAPing(t *testing.T) {
	t.Parallel()
	db, _ := album(t)
	db.exec(t, `INSERT INTO person (id, name, created_at) VALUES (5, NULL, NOW()), (6, NULL, NOW()), (7, NULL, NOW())`)
	db.exec(t, `INSERT INTO faces (image_id, person_id) VALUES (1, 7), (2, 6), (4, 6), (1, 5), (2, 5), (3, 5)`)
	listed := func(when string, want ...int64) {
		t.Helper()
		var got []int64
		page, _, err := db.Profiles(t.Context(), store.PeopleFilter{Named: new(bool), Limit: 100})
		testkit.Succeed(t, err)
		for _, p := range page {
			if p.ID > 4 {
				got = append(got, p.ID)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s listed are %v, want %v", when, got, want)
		}
	}
	testkit.Succeed(t, db.RecountIn(t.Context(), []int64{1, 2, 3, 1_000_000}))
	listed("looked at,", 5, 6, 7)
	db.merge(t, 7, 6) // two pictures and one: not beside each other
	db.exec(t, "INSERT INTO faces (image_id, person_id) VALUES (3, 6)")
	testkit.Succeed(t, db.RecountIn(t.Context(), []int64{3}))
	listed("merged,", 7, 5)
	testkit.Must(db.UndoChange(t.Context(), db.lastChange(t).ID, ""))(t)
	listed("undone,", 6, 5, 7)
	db.exec(t, "DELETE FROM faces WHERE image_id = 2 OR image_id = 3 AND person_id = 6")
	testkit.Succeed(t, db.RecountIn(t.Context(), []int64{1, 4}))
	listed("gone from pictures,", 5, 7, 6)
}

func TestStats(t *testing.T) {
	t.Parallel()
	db, start := album(t)
	db.exec(t, `UPDATE images SET updated_at = UTC_TIMESTAMP(6) - INTERVAL 2 MINUTE WHERE id IN (1, 8)`)
	db.exec(t, `UPDATE images SET updated_at = UTC_TIMESTAMP(6) WHERE id = 2`)
	db.exec(t, `INSERT INTO person_images (image_name, person_id, state, removed_at, created_at) VALUES
		('a', 1, 'usable', NULL, NOW()), ('b', 1, 'usable', NOW(), NOW()), ('c', 3, 'unusable', NULL, NOW())`)
	db.exec(t, `INSERT INTO rematches (first_image, gallery_state, finished_at) VALUES (0, 2, NULL), (500, 2, NOW())`)
	db.exec(t, `INSERT INTO folders (path, created_at, finished_at) VALUES ('x/', NOW(), NULL), ('y/', NOW(), NOW())`)
	if err := db.Recount(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := db.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for status, want := range map[string]int64{"identified": 3, "unknown": 1, "failed": 2, "pending": 1, "processing": 1} {
		if got.Pictures.Of[status] != want {
			t.Errorf("%d pictures are %s, want %d", got.Pictures.Of[status], status, want)
		}
	}
	if got.Photos.Of["usable"] != 1 || got.Photos.Of["unusable"] != 1 || got.Photos.Of["pending"] != 0 {
		t.Errorf("photos are %v", got.Photos.Of)
	}
	if got.Backlog.Pictures != 2 || got.Backlog.Since == nil || !got.Backlog.Since.Equal(start.Add(6*time.Minute)) {
		t.Errorf("the backlog is %+v", got.Backlog)
	}
	if got.Rate.LastMinute != 1 || got.Rate.LastHour != 2 || got.Rate.Lately != 1 || got.Rate.First == nil || got.Rate.At.Sub(*got.Rate.First).Abs() > 10*time.Second {
		t.Errorf("the rate is %+v", got.Rate)
	}
	if got.Rematches.Ranges != 1 || got.Folders.Unfinished != 1 || len(got.Folders.First) != 1 || got.Folders.First[0].Path != "x/" {
		t.Errorf("re-matches %+v, folders %+v", got.Rematches, got.Folders)
	}
}

// Who is in too many pictures to be counted is in as many as the last ping counted; so are
// the pictures of a status.
func TestManyAreThoseOfTheLastPing(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.exec(t, `INSERT INTO person (id, name, merged_into, created_at) VALUES (1, 'Anna', NULL, NOW()), (2, 'Ann', 1, NOW())`)
	db.exec(t, `INSERT INTO images (path, status, created_at, updated_at) SELECT seq, 'identified', NOW(), NOW() FROM seq_1_to_20500`)
	db.exec(t, `INSERT INTO faces (image_id, person_id) SELECT id, 1 + id MOD 2 FROM images`)
	counts := func() (pictures, person int64) {
		stats, err := db.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		anna, err := db.Person(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		return stats.Pictures.Of["identified"], anna.Pictures
	}
	if pictures, person := counts(); pictures != 20_500 || person != 10_000 {
		t.Errorf("before a ping there are %d, %d of them hers", pictures, person)
	}
	if err := db.Recount(t.Context()); err != nil {
		t.Fatal(err)
	}
	db.exec(t, `DELETE FROM images WHERE id <= 200`)
	if pictures, person := counts(); pictures != 20_500 || person != 20_500 {
		t.Errorf("after a ping there are %d, %d of them hers", pictures, person)
	}
}

// Whether what begins so is few or many, and new or old, the list is the same.
func TestAFolderOfAnySizeAndAgeIsListed(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	db.exec(t, `INSERT INTO images (id, path, file_name, shown_name, status, created_at, updated_at)
		SELECT seq, CONCAT(name, '/', seq), name, name, 'unknown', NOW(), NOW()
		FROM (SELECT seq, CASE WHEN seq <= 6000 THEN 'old' WHEN seq <= 12000 THEN 'gone' ELSE 'new' END AS name FROM seq_1_to_36000) all_of_them`)
	db.exec(t, "UPDATE images SET status = 'failed' WHERE id = 100")
	db.exec(t, "UPDATE images SET status = 'deleted' WHERE id > 10000 AND id <= 12000 OR id BETWEEN 8900 AND 8999")
	for name, c := range map[string]struct {
		filter store.Filter
		newest int64
	}{
		"many of long ago":      {store.Filter{Path: "old/"}, 6_000},
		"many of now":           {store.Filter{Path: "new/"}, 36_000},
		"few":                   {store.Filter{Path: "old/11"}, 1_199},
		"names of long ago":     {store.Filter{FileName: "old"}, 6_000},
		"names of now":          {store.Filter{FileName: "new", Status: lineup.Unknown}, 36_000},
		"many before":           {store.Filter{Path: "old/", Before: 500}, 499},
		"of both, long ago":     {store.Filter{Path: "old/", FileName: "o"}, 6_000},
		"of a status, long ago": {store.Filter{Path: "old/", Status: lineup.Failed}, 100},
		"of another status":     {store.Filter{Path: "old/", Status: lineup.Identified}, 0},
		"before there was any":  {store.Filter{Path: "new/", Before: 6_000}, 0},
		"thousands deleted":     {store.Filter{Path: "gone/"}, 10_000},
		"a hundred deleted":     {store.Filter{FileName: "gone", Before: 9_000}, 8_899},
	} {
		c.filter.Limit = 1
		got, _, err := db.Images(t.Context(), c.filter)
		if err != nil || len(got) != int(min(c.newest, 1)) || len(got) > 0 && got[0].ID != c.newest {
			t.Errorf("%s: %v, %v, want %d", name, got, err, c.newest)
		}
	}
}
