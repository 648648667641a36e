package store_test

import (
	"fmt"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

func TestMigrateWritesTheNamesByWhichPicturesAreLookedFor(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	const pictures = 1200 // more than two batches
	db.exec(t, fmt.Sprintf(`INSERT INTO images (path, file_name, created_at, updated_at)
		SELECT CONCAT('a/', seq, '.jpg'), IF(seq %% 2 = 0, CONCAT('IMG_', seq), NULL), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) FROM seq_1_to_%d`, pictures))
	db.submit(t, "b/new.jpg", "b/no\xfftext.jpg", "alone.jpg")
	testkit.Must(db.Submit(t.Context(), []store.Posted{{Path: "uploads/1.jpg", FileName: "Beach.jpg"}}))(t)
	testkit.Must(db.Submit(t.Context(), []store.Posted{{Path: "uploads/1.jpg", FileName: "Sea.jpg"}}))(t)
	for range 2 {
		testkit.Succeed(t, store.Migrate(t.Context(), db.dsn))
	}
	var count int
	db.scan(t, "SELECT COUNT(*) FROM images WHERE path LIKE 'a/%' AND shown_name = IF(id % 2 = 0, file_name, SUBSTR(path, 3))", &count)
	if count != pictures {
		t.Errorf("%d pictures have their name, want %d", count, pictures)
	}
	for query, want := range map[string]string{"NEW": "b/new.jpg", "no\uFFFDt": "b/no\xfftext.jpg", "alone": "alone.jpg", "sea": "uploads/1.jpg", "beach": "", "1.jpg": "a/1.jpg"} {
		found, _, err := db.Images(t.Context(), store.Filter{FileName: query, Limit: 2})
		if err != nil || (len(found) > 0) != (want != "") || len(found) > 1 || len(found) == 1 && found[0].Path != want {
			t.Errorf("looked for %q, found %v, %v, want %q", query, found, err, want)
		}
	}
}

func TestMigrateSpellsTheNamesOfThoseWhoWereThere(t *testing.T) {
	t.Parallel()
	db := newDatabase(t)
	const people = 1200 // more than two batches
	db.exec(t, fmt.Sprintf(`INSERT INTO person (name, created_at)
		SELECT CONCAT('Name ', seq), UTC_TIMESTAMP(6) FROM seq_1_to_%d`, people))
	db.exec(t, "INSERT INTO person (name, created_at) VALUES (NULL, UTC_TIMESTAMP(6))")
	spelled := db.person(t, "Somebody Else")
	for range 2 {
		if err := store.Migrate(t.Context(), db.dsn); err != nil {
			t.Fatal(err)
		}
	}
	var count int
	db.scan(t, "SELECT COUNT(*) FROM person WHERE spelling = LOWER(name)", &count)
	if count != people+1 {
		t.Errorf("%d people have their spelling, want %d", count, people+1)
	}
	if got := db.person(t, "NAME 7"); got.Name != "Name 7" {
		t.Errorf("a name of the same spelling is %v", got)
	}
	if got := db.person(t, "somebody else"); got != spelled {
		t.Errorf("who was spelled before is %v, want %v", got, spelled)
	}
}
