package deptest

import (
	"context"
	"database/sql"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"lineup.dev/lineup/local/parts"
)

// Database is a MariaDB of a test's own, which can be left without room. It ends with the test.
type Database struct {
	DSN string // of an empty database
	pid int
}

// OwnMySQL starts a MariaDB for this test alone.
func OwnMySQL(t testing.TB) *Database {
	t.Helper()
	c, err := cache()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), fetching)
	defer cancel()
	mariadb, err := c.MariaDB(ctx)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "lineup-own-mariadb-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	db := parts.Database{Data: filepath.Join(dir, "data")}
	// A program inherits what is ignored: what it may not write is to be an error, as on a full disk, and not its end.
	signal.Ignore(syscall.SIGXFSZ)
	process, err := mariadb.Start(ctx, db)
	signal.Reset(syscall.SIGXFSZ)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := process.Stop(10 * time.Second); err != nil {
			t.Error(err)
		}
	})
	admin, err := sql.Open("mysql", db.DSN(""))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.ExecContext(ctx, "CREATE DATABASE test"); err != nil {
		t.Fatal(err)
	}
	return &Database{DSN: db.DSN("test"), pid: process.PID}
}

// Limit lets no file of the server grow beyond so many bytes, until Unlimit is called. It is RLIMIT_FSIZE of prlimit(2),
// which needs no rights: as on a full disk, what lies there can be read and overwritten. InnoDB's log has 16 MB from the
// start, so that is the least that can be set.
func (d *Database) Limit(t testing.TB, bytes uint64) {
	t.Helper()
	limit(t, d.pid, bytes)
}

// Unlimit gives the server room again.
func (d *Database) Unlimit(t testing.TB) {
	t.Helper()
	var now syscall.Rlimit
	prlimit(t, d.pid, nil, &now)
	limit(t, d.pid, now.Max)
}

// limit sets the soft limit alone, which may be raised again.
func limit(t testing.TB, pid int, bytes uint64) {
	t.Helper()
	var now syscall.Rlimit
	prlimit(t, pid, nil, &now)
	now.Cur = bytes
	prlimit(t, pid, &now, nil)
}

func prlimit(t testing.TB, pid int, set, was *syscall.Rlimit) {
	t.Helper()
	const fileSize = 1 // RLIMIT_FSIZE
	_, _, errno := syscall.Syscall6(syscall.SYS_PRLIMIT64, uintptr(pid), fileSize, uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(was)), 0, 0)
	if errno != 0 {
		t.Fatalf("limit the files of process %d: %v", pid, errno)
	}
}
