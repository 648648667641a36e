package store_test

import (
	"fmt"
	"testing"

	"lineup.dev/lineup/pkg/store"
)

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
