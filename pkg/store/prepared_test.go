package store_test

import (
	"fmt"
	"testing"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/pkg/store"
)

// The server parses the INSERT of so many rows once for a connection. One that has no room for
// prepared statements parses each, and nobody hears of it.
func TestTogetherAServerWithoutRoomForPreparedStatementsTakesAll(t *testing.T) {
	t.Parallel()
	own := deptest.OwnMySQL(t)
	db := database{open(t, store.Settings{Database: store.Database{DSN: own.DSN}, Connections: 1}), deptest.SQL(t, own.DSN), own.DSN}
	if err := store.Migrate(t.Context(), own.DSN); err != nil {
		t.Fatal(err)
	}
	took := func(name string, pictures int) {
		t.Helper()
		var paths []string
		for i := range pictures {
			paths = append(paths, fmt.Sprintf("%s-%d.jpg", name, i))
		}
		all := calls(paths...)
		db.SubmitTogether(t.Context(), all)
		for i, c := range all {
			if c.Err != nil || c.Alone || len(c.Submissions) != 1 || c.Submissions[0].Path != paths[i] {
				t.Errorf("%s became %+v", paths[i], c)
			}
		}
	}
	parsed := func() (statements int) {
		t.Helper()
		var name string
		db.scan(t, "SHOW GLOBAL STATUS LIKE 'Com_stmt_prepare'", &name, &statements)
		return statements
	}
	for i := range 5 {
		took(fmt.Sprint("one-", i), 1)
		took(fmt.Sprint("three-", i), 3)
	}
	if n := parsed(); n != 2 {
		t.Errorf("%d statements were prepared for five groups of one and of three, want 2", n)
	}
	db.exec(t, "SET GLOBAL max_prepared_stmt_count = 0")
	for i := range 2 {
		took(fmt.Sprint("known-", i), 3)
		took(fmt.Sprint("new-", i), 2)
	}
}

// What a server refuses of a prepared statement, at either step, is done all the same: nothing of it was.
func TestTogetherWhatIsRefusedOfAPreparedStatementIsDone(t *testing.T) {
	t.Parallel()
	for _, number := range []uint16{1047, 1053, 1205, 1213, 1243, 1290, 1295, 1461, 1615} {
		for step, text := range map[string]string{"prepare": "INSERT INTO images", "execute": "refused-1.jpg"} {
			t.Run(fmt.Sprintf("%d at %s", number, step), func(t *testing.T) {
				t.Parallel()
				db := newDatabase(t)
				front := newFront(t, db.dsn)
				db.Store = open(t, store.Settings{Database: store.Database{DSN: front.dsn}, Connections: 1})
				if step == "execute" {
					db.SubmitTogether(t.Context(), calls("before-1.jpg", "before-2.jpg"))
				} else {
					db.submit(t, "before.jpg")
				}
				front.refuse(text, number, "it is refused")
				all := calls("refused-1.jpg", "refused-2.jpg")
				db.SubmitTogether(t.Context(), all)
				for _, c := range all {
					if c.Err != nil || c.Alone || len(c.Submissions) != 1 || c.Submissions[0].Known {
						t.Errorf("%s became %+v", c.Pictures[0].Path, c)
					}
				}
				if front.refused() != 1 {
					t.Errorf("refused %d times, want once", front.refused())
				}
			})
		}
	}
}
