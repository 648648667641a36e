package store_test

import (
	"context"
	"database/sql"
	"os"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

func TestMain(m *testing.M) { os.Exit(deptest.Main(m)) }

// patience is the longest a test waits for what must happen.
const patience = 20 * time.Second

// database is a migrated database of a test's own: the store, and beside it plain
// SQL for what the store would only do with time.
type database struct {
	*store.Store
	sql *sql.DB
	dsn string
}

func newDatabase(t testing.TB) database {
	t.Helper()
	dsn := deptest.Migrated(t)
	return database{open(t, store.Settings{Database: store.Database{DSN: dsn}, Connections: 10}), deptest.SQL(t, dsn), dsn}
}

func open(t testing.TB, settings store.Settings) *store.Store {
	t.Helper()
	s, err := store.Open(settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func (d database) exec(t testing.TB, statement string, args ...any) int64 {
	t.Helper()
	result, err := d.sql.ExecContext(t.Context(), statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	id, err := result.LastInsertId()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (d database) scan(t testing.TB, statement string, into ...any) {
	t.Helper()
	if err := d.sql.QueryRowContext(t.Context(), statement).Scan(into...); err != nil {
		t.Fatal(err)
	}
}

func (d database) submit(t *testing.T, paths ...string) []store.Submission {
	t.Helper()
	submissions, err := d.Submit(t.Context(), store.Paths(paths...))
	if err != nil {
		t.Fatal(err)
	}
	if len(submissions) != len(paths) {
		t.Fatalf("submitted %d paths, got %d answers", len(paths), len(submissions))
	}
	return submissions
}

func (d database) claim(t *testing.T, id int64, lease time.Duration) store.Claim {
	t.Helper()
	claim, err := d.Claim(t.Context(), id, lease)
	if err != nil {
		t.Fatal(err)
	}
	return claim
}

// win submits a picture and claims it for an hour.
func (d database) win(t *testing.T, path string) store.Claim {
	t.Helper()
	claim := d.claim(t, d.submit(t, path)[0].ID, time.Hour)
	if claim.Outcome != store.Won {
		t.Fatalf("the claim of %s ended with %d, want %d", path, claim.Outcome, store.Won)
	}
	return claim
}

func (d database) finish(t *testing.T, claim store.Claim, result store.Result, announced bool) lineup.Status {
	t.Helper()
	status, err := d.Finish(t.Context(), claim, result, announced)
	if err != nil {
		t.Fatal(err)
	}
	return status
}

func (d database) image(t *testing.T, id int64) lineup.Image {
	t.Helper()
	image, err := d.Image(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func (d database) person(t testing.TB, name string, imageNames ...string) lineup.Person {
	t.Helper()
	return d.enrol(t, store.Enrolment{Name: name}, imageNames...).Person.Person
}

// locked begins a transaction that holds the statement's rows until it ends.
func (d database) locked(t *testing.T, statement string, args ...any) *sql.Tx {
	t.Helper()
	// Not the test's context: that ends before the clean-up, and the transaction with it.
	tx, err := d.sql.BeginTx(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tx.Rollback() })
	if _, err := tx.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
	return tx
}

// waitForLockWait waits until a transaction in this database waits for a lock.
func (d database) waitForLockWait(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for waits := false; !waits; {
		select {
		case <-ctx.Done():
			t.Fatalf("in %v no transaction waited for a lock", patience)
		case <-time.After(110 * time.Millisecond): // InnoDB shows the same for as long as it is asked every 100 ms
		}
		if err := d.sql.QueryRowContext(ctx, `SELECT COUNT(*)>0 FROM information_schema.innodb_trx t
			JOIN information_schema.processlist p ON p.id=t.trx_mysql_thread_id
			WHERE t.trx_state='LOCK WAIT' AND p.db=DATABASE()`).Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
}
