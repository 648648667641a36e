package deptest_test

import (
	"maps"
	"testing"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
)

// made is how each table of a database is made, and how many rows it has.
func made(t *testing.T, dsn string) map[string][2]any {
	t.Helper()
	db, all := deptest.SQL(t, dsn), map[string][2]any{}
	rows := testkit.Must(db.QueryContext(t.Context(), "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"))(t)
	defer rows.Close()
	for rows.Next() {
		var name, statement string
		var count int
		testkit.Succeed(t, rows.Scan(&name))
		testkit.Succeed(t, db.QueryRowContext(t.Context(), "SHOW CREATE TABLE "+name).Scan(&name, &statement))
		testkit.Succeed(t, db.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+name).Scan(&count))
		all[name] = [2]any{statement, count}
	}
	testkit.Succeed(t, rows.Err())
	return all
}

func TestACopyOfTheTemplateIsAsIfMigrated(t *testing.T) {
	t.Parallel()
	dsn := deptest.MySQL(t)
	testkit.Succeed(t, store.Migrate(t.Context(), dsn))
	want := made(t, dsn)
	for range 2 {
		copied := deptest.Migrated(t)
		if got := made(t, copied); !maps.Equal(got, want) || len(want) == 0 {
			t.Errorf("the copy is\n%v\nwant\n%v", got, want)
		}
		testkit.Succeed(t, store.Migrate(t.Context(), copied)) // which finds nothing to do
		testkit.Must(deptest.SQL(t, copied).ExecContext(t.Context(), "INSERT INTO parts (name, state, since, told_at) VALUES ('one', 'reachable', NOW(6), NOW(6))"))(t)
	}
	var left int
	testkit.Succeed(t, deptest.SQL(t, deptest.Migrated(t)).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM parts").Scan(&left))
	if left != 0 {
		t.Errorf("a copy has %d rows that were written to another", left)
	}
}
