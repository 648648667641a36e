package deptest

import (
	"os/signal"
	"syscall"
	"testing"
	"unsafe"

	"lineup.dev/lineup/local/parts"
)

// Database is a MariaDB of a test's own, whose disk space can be limited. It ends with the test.
type Database struct {
	DSN string // of an empty database
	pid int
}

// OwnMySQL starts a MariaDB for this test alone.
func OwnMySQL(t testing.TB) *Database {
	t.Helper()
	// A program inherits what is ignored: what it may not write is to be an error, as on a full disk, and not its end.
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	db, process := ownServer(t, parts.Database{})
	execute(t, db.DSN(""), "CREATE DATABASE test")
	return &Database{DSN: db.DSN("test"), pid: process.PID}
}

// Limit lets no file of the server grow beyond so many bytes, until Unlimit is called. It is RLIMIT_FSIZE of prlimit(2),
// which needs no rights: as on a full disk, what lies there can be read and overwritten. InnoDB's log has 16 MB from the
// start, so that is the least that can be set.
func (d *Database) Limit(t testing.TB, bytes uint64) {
	t.Helper()
	limit(t, d.pid, bytes)
}

// Unlimit ends the limit.
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
	const fileSize = 1                                                                                                                               // RLIMIT_FSIZE
	_, _, errno := syscall.Syscall6(syscall.SYS_PRLIMIT64, uintptr(pid), fileSize, uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(was)), 0, 0) //nolint:gosec // how prlimit(2) is called
	if errno != 0 {
		t.Fatalf("limit the files of process %d: %v", pid, errno)
	}
}
