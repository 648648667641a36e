package gallery_test

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

func TestMain(m *testing.M) { os.Exit(deptest.Main(m)) }

// people in a database whose gallery knows letters, as extract does.
type records struct {
	*gallery.Database
	*store.Store
	sql *sql.DB
	dsn string
	log *journal
}

func newRecords(t testing.TB) *records {
	t.Helper()
	r := &records{dsn: deptest.Migrated(t), log: new(journal)}
	r.sql = deptest.SQL(t, r.dsn)
	// The account that the documents grant a face server.
	var err error
	if r.Store, err = store.Open(store.Settings{Database: store.Database{DSN: deptest.Account(t, r.dsn, "face-server")}, Connections: 2}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Store.Close() })
	r.Database = r.gallery(time.Hour)
	return r
}

func (r *records) gallery(every time.Duration) *gallery.Database {
	return gallery.NewDatabase(r.Store, "letters", 128, every, slog.New(r.log))
}

// run executes statements, which end in a semicolon, in one transaction that makes a state
// of the gallery. STATE in them is its number.
func (r *records) run(t testing.TB, statements string) {
	t.Helper()
	tx, err := r.sql.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	change(t, tx, statements)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

func change(t testing.TB, tx *sql.Tx, statements string) {
	t.Helper()
	execute(t, tx, "UPDATE gallery SET state = state + 1;"+strings.ReplaceAll(statements, "STATE", "(SELECT state FROM gallery)"))
}

func execute(t testing.TB, tx interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, statements string) {
	t.Helper()
	for statement := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSpace(statements), ";"), ";") {
		if _, err := tx.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// person and photo are statements that make a row of that id.
func person(id int, name string) string {
	return fmt.Sprintf("INSERT INTO person (id, name, created_at, gallery_state) VALUES (%d, %s, NOW(6), STATE);", id, name)
}

func photoOf(id, person int, name string, letter rune) string {
	return fmt.Sprintf(`INSERT INTO person_images (id, person_id, image_name, state, created_at, gallery_state) VALUES (%d, %d, '%s', 'usable', NOW(6), STATE);
		INSERT INTO descriptors (photo_id, model, descriptor) VALUES (%d, 'letters', x'%x');`, id, person, name, id, packed(embedding(letter)))
}

func packed(vector []float32) (b []byte) {
	for _, v := range vector {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func (r *records) read(t testing.TB) {
	t.Helper()
	if err := r.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// mustKnow wants the letter to be known as "person name/photo", or "" by nobody.
func (r *records) mustKnow(t testing.TB, letter rune, want string) {
	t.Helper()
	if got := known(r.Database, letter); got != want {
		t.Errorf("%c is known as %q, want %q", letter, got, want)
	}
}

func known(g gallery.Gallery, letter rune) string {
	c := g.Candidates([][]float32{embedding(letter)}, 1)[0]
	if len(c) == 0 || c[0].Similarity < 0.5 {
		return ""
	}
	return fmt.Sprintf("%d %s/%d %s", c[0].Person.ID, c[0].Person.Name, c[0].PhotoID, c[0].ImageName)
}

func TestTheDatabaseIsFollowed(t *testing.T) {
	r := newRecords(t)
	r.run(t, person(1, "'Dad'")+person(2, "'Mom'")+photoOf(11, 1, "d.jpg", 'd')+photoOf(12, 2, "m.jpg", 'm'))
	if err := r.Database.Ready(); err == nil {
		t.Error("it is ready before it was read")
	}
	r.read(t)
	if r.State() != 2 || r.Database.Ready() != nil {
		t.Errorf("the state is %d, ready: %v; want the second", r.State(), r.Database.Ready())
	}
	r.mustKnow(t, 'd', "1 Dad/11 d.jpg")
	for _, c := range []struct {
		what, statements string
		letter           rune
		want             string
	}{
		{"a photo more", photoOf(13, 2, "n.jpg", 'n'), 'n', "2 Mom/13 n.jpg"},
		{"a photo not usable any more", "UPDATE person_images SET state = 'unusable', gallery_state = STATE WHERE id = 13;", 'n', ""},
		{"and again", "UPDATE person_images SET state = 'usable', gallery_state = STATE WHERE id = 13;", 'n', "2 Mom/13 n.jpg"},
		{"a photo removed", "UPDATE person_images SET removed_at = NOW(6), gallery_state = STATE WHERE id = 13;", 'n', ""},
		{"a photo of somebody else", "UPDATE person_images SET person_id = 1, gallery_state = STATE WHERE id = 12;", 'm', "1 Dad/12 m.jpg"},
		{"and back", "UPDATE person_images SET person_id = 2, gallery_state = STATE WHERE id = 12;", 'm', "2 Mom/12 m.jpg"},
		{"a merge", "UPDATE person SET merged_into = 1, gallery_state = STATE WHERE id = 2;", 'm', "1 Dad/12 m.jpg"},
		{"a merge of the survivor", person(3, "'Pop'") + "UPDATE person SET merged_into = 3, gallery_state = STATE WHERE id = 1;", 'm', "3 Pop/12 m.jpg"},
		{"the survivor removed", "UPDATE person SET removed_at = NOW(6), gallery_state = STATE WHERE id = 3;", 'm', ""},
		{"a circle made by hand", "UPDATE person SET removed_at = NULL, merged_into = 2, gallery_state = STATE WHERE id = 3;", 'm', ""},
		{"undone", "UPDATE person SET merged_into = NULL, gallery_state = STATE WHERE id = 2;", 'm', "2 Mom/12 m.jpg"},
		{"no name", "UPDATE person SET name = NULL, gallery_state = STATE WHERE id = 2;", 'm', ""},
		{"a merge into somebody made since", "INSERT INTO person (id, name, created_at) VALUES (4, 'Ann', NOW(6)), (5, 'Eve', NOW(6));" +
			"UPDATE person SET name = 'Mum', merged_into = 4, gallery_state = STATE WHERE id = 2;UPDATE person SET merged_into = 5 WHERE id = 4;", 'm', "5 Eve/12 m.jpg"},
		{"a photo of somebody made since", "INSERT INTO person (id, name, created_at) VALUES (6, 'Kim', NOW(6));" + photoOf(16, 6, "y.jpg", 'y'), 'y', "6 Kim/16 y.jpg"},
		{"its own again", "UPDATE person SET merged_into = NULL, gallery_state = STATE WHERE id = 2;", 'm', "2 Mum/12 m.jpg"},
		{"a new descriptor", "UPDATE person SET name = 'Mum', gallery_state = STATE WHERE id = 2;UPDATE person_images SET gallery_state = STATE WHERE id = 12;" +
			fmt.Sprintf("UPDATE descriptors SET descriptor = x'%x' WHERE photo_id = 12;", packed(embedding('k'))), 'k', "2 Mum/12 m.jpg"},
		{"one of another model", photoOf(14, 2, "o.jpg", 'o') + "UPDATE descriptors SET model = 'other' WHERE photo_id = 14;", 'o', ""},
	} {
		before := r.State()
		r.run(t, c.statements)
		r.read(t)
		if r.State() != before+1 {
			t.Errorf("%s: the state is %d after %d", c.what, r.State(), before)
		}
		if got := known(r.Database, c.letter); got != c.want {
			t.Errorf("%s: %c is known as %q, want %q", c.what, c.letter, got, c.want)
		}
		fresh := r.gallery(time.Hour)
		if err := fresh.Read(t.Context()); err != nil || known(fresh, c.letter) != c.want {
			t.Errorf("%s: who starts knows %q, want %q (%v)", c.what, known(fresh, c.letter), c.want, err)
		}
	}
	if n := r.log.warnings(""); n != 0 {
		t.Errorf("%d warnings, want none", n)
	}
}

// What was written first and committed last is not lost: the row of the state is held.
func TestAStateIsSeenWithEveryChangeBeforeIt(t *testing.T) {
	r := newRecords(t)
	r.run(t, person(1, "'Dad'"))
	r.read(t)
	slow, err := r.sql.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Rollback()
	execute(t, slow, strings.ReplaceAll(photoOf(11, 1, "d.jpg", 'd'), "STATE", "0"))
	r.run(t, photoOf(12, 1, "m.jpg", 'm'))
	r.read(t)
	r.mustKnow(t, 'm', "1 Dad/12 m.jpg")
	r.mustKnow(t, 'd', "")
	change(t, slow, "UPDATE person_images SET gallery_state = STATE WHERE id = 11;")
	if err := slow.Commit(); err != nil {
		t.Fatal(err)
	}
	r.read(t)
	r.mustKnow(t, 'd', "1 Dad/11 d.jpg")
}

func TestRowsEditedByHandAreFound(t *testing.T) {
	for name, edit := range map[string]string{
		"a photo more":     strings.ReplaceAll(photoOf(13, 1, "x.jpg", 'x'), "STATE", "0"),
		"a photo less":     "DELETE FROM person_images WHERE id = 12;",
		"a photo's person": "UPDATE person_images SET person_id = 2 WHERE id = 11;",
		"a photo's name":   "UPDATE person_images SET image_name = 'é.jpg' WHERE id = 11;",
		"a descriptor":     fmt.Sprintf("UPDATE descriptors SET descriptor = x'%x' WHERE photo_id = 11;", packed(embedding('x'))),
		"a person merged":  "UPDATE person SET merged_into = 2 WHERE id = 1;",
		"a person's name":  "UPDATE person SET name = NULL WHERE id = 1;",
		"somebody new":     "INSERT INTO person (id, name, created_at) VALUES (3, 'Pop', NOW(6));UPDATE person SET merged_into = 3 WHERE id = 1;",
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecords(t)
			r.run(t, person(1, "'Dad'")+person(2, "'Mom'")+photoOf(11, 1, "d.jpg", 'd')+photoOf(12, 1, "ü.jpg", 'u'))
			r.read(t)
			r.compare(t)
			if n := r.log.warnings(""); n != 0 {
				t.Fatalf("%d warnings before anything was edited", n)
			}
			execute(t, r.sql, edit)
			r.compare(t)
			if n := r.log.warnings(""); n != 1 {
				t.Fatalf("%d warnings, want one", n)
			}
			fresh := r.gallery(time.Hour)
			if err := fresh.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, letter := range "dux" {
				r.mustKnow(t, letter, known(fresh, letter))
			}
			r.compare(t)
			if n := r.log.warnings(""); n != 1 {
				t.Errorf("%d warnings after all was read again, want one", n)
			}
		})
	}
}

func (r *records) compare(t testing.TB) {
	t.Helper()
	if err := r.Compare(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestFollowFindsRowsEditedByHand(t *testing.T) {
	r := newRecords(t)
	r.Database = r.gallery(time.Millisecond)
	r.run(t, person(1, "'Dad'")+photoOf(11, 1, "d.jpg", 'd'))
	r.follow(t)
	testkit.Eventually(t, patience, "it is ready", func() bool { return r.Database.Ready() == nil })
	execute(t, r.sql, "DELETE FROM person_images WHERE id = 11;")
	testkit.Eventually(t, patience, "the photo is forgotten", func() bool { return known(r.Database, 'd') == "" })
}

// follow follows the database until the test ends.
func (r *records) follow(t testing.TB) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); r.Follow(ctx, time.Millisecond) }()
	t.Cleanup(func() { cancel(); <-ended })
}

func TestADatabaseThatIsAnotherIsReadWhole(t *testing.T) {
	r := newRecords(t)
	r.run(t, person(1, "'Dad'")+photoOf(11, 1, "d.jpg", 'd'))
	r.run(t, photoOf(12, 1, "e.jpg", 'e'))
	r.read(t)
	execute(t, r.sql, "DELETE FROM person_images WHERE id = 12;UPDATE gallery SET state = 1;")
	r.read(t)
	r.mustKnow(t, 'e', "")
	r.mustKnow(t, 'd', "1 Dad/11 d.jpg")
	if r.State() != 1 {
		t.Errorf("the state is %d, want the database's", r.State())
	}
}

func TestADescriptorThatCannotBeUsedHarmsNoOther(t *testing.T) {
	r := newRecords(t)
	r.run(t, person(1, "'Dad'")+photoOf(11, 1, "d.jpg", 'd')+photoOf(12, 1, "short.jpg", 's')+photoOf(13, 1, "long.jpg", 'l')+photoOf(14, 1, "nan.jpg", 'n')+
		fmt.Sprintf("UPDATE descriptors SET descriptor = x'00' WHERE photo_id = 12;UPDATE descriptors SET descriptor = x'%x' WHERE photo_id = 13;UPDATE descriptors SET descriptor = x'%x' WHERE photo_id = 14;",
			packed(make([]float32, 128)), packed(append(make([]float32, 127), float32(math.NaN())))))
	r.read(t)
	r.compare(t)
	r.mustKnow(t, 'd', "1 Dad/11 d.jpg")
	if c := r.Candidates([][]float32{embedding('s')}, 5)[0]; len(c) != 1 {
		t.Errorf("candidates are %v, want Dad alone by the good photo", c)
	}
	if n := r.log.warnings("12"); n != 1 {
		t.Errorf("%d warnings of one photo, want one", n)
	}
}

// What is known goes on counting while the database is away.
func TestFollowGoesOnAfterAFailure(t *testing.T) {
	r := newRecords(t)
	r.run(t, person(1, "'Dad'")+photoOf(11, 1, "d.jpg", 'd'))
	r.follow(t)
	testkit.Eventually(t, patience, "it is ready", func() bool { return r.Database.Ready() == nil })
	execute(t, r.sql, "RENAME TABLE gallery TO away;")
	testkit.Eventually(t, patience, "it is said once that it cannot be read", func() bool { return r.log.warnings("") == 1 })
	r.mustKnow(t, 'd', "1 Dad/11 d.jpg")
	execute(t, r.sql, "RENAME TABLE away TO gallery;")
	r.run(t, photoOf(12, 1, "e.jpg", 'e'))
	testkit.Eventually(t, patience, "the new photo is known", func() bool { return known(r.Database, 'e') != "" })
}

func TestTheDatabasesPhotosAreListed(t *testing.T) {
	r := newRecords(t)
	r.run(t, person(1, "'Dad'")+photoOf(11, 1, "b.jpg", 'b')+photoOf(12, 1, "a.jpg", 'a')+photoOf(13, 1, "c.jpg", 'c')+photoOf(14, 1, "gone.jpg", 'g')+
		"UPDATE person_images SET state = 'unusable' WHERE id = 13;UPDATE person_images SET removed_at = NOW(6) WHERE id = 14;")
	photos, more, err := r.List(t.Context(), "", 2, false)
	if err != nil || !more || len(photos) != 2 || photos[0].Name != "a.jpg" || photos[1].Name != "b.jpg" || !photos[0].Usable {
		t.Errorf("the first page is %v, %v, %v", photos, more, err)
	}
	photos, more, err = r.List(t.Context(), "", 2, true)
	if err != nil || more || len(photos) != 1 || photos[0].Name != "c.jpg" || photos[0].Usable {
		t.Errorf("those with problems are %v, %v, %v", photos, more, err)
	}
}
