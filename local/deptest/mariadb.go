package deptest

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"lineup.dev/lineup/local/child"
	"lineup.dev/lineup/local/parts"
)

// folders matches the folders of the servers. They are not where a test binary may be told to keep temporary files: a
// socket's path must be short.
const folders = "/tmp/lineup-mariadb-*"

// ownServer starts a MariaDB for this test alone, whose data lie in a folder of its own.
func ownServer(t testing.TB, db parts.Database) (parts.Database, *child.Process) {
	t.Helper()
	leftOutByShort(t, "MariaDB")
	dir, err := os.MkdirTemp(filepath.Split(folders))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	lock, err := lockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Close() })
	db, process, err := startServer(t.Context(), dir, db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := process.Stop(10 * time.Second); err != nil {
			t.Error(err)
		}
	})
	return db, process
}

// startServer starts a MariaDB whose data lie in dir. What it printed is in the error when it does not start.
func startServer(ctx context.Context, dir string, db parts.Database) (parts.Database, *child.Process, error) {
	c, err := cache()
	if err != nil {
		return db, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, fetching)
	defer cancel()
	mariadb, err := c.MariaDB(ctx)
	if err != nil {
		return db, nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return db, nil, fmt.Errorf("make MariaDB's log: %w", err)
	}
	defer log.Close()
	db.Data, db.Log = filepath.Join(dir, "data"), log
	process, err := mariadb.Start(ctx, db)
	if err != nil {
		content, _ := os.ReadFile(log.Name())
		return db, nil, fmt.Errorf("%w\n%s", err, content)
	}
	return db, process, nil
}

// execute runs a statement on a connection of its own.
func execute(t testing.TB, dsn, statement string) {
	t.Helper()
	admin, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// lockedFolder makes a folder that this process keeps locked, and removes those of test binaries that died without a
// chance to do so.
func lockedFolder() (string, error) {
	dirs, err := filepath.Glob(folders)
	if err != nil {
		return "", err
	}
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil || time.Since(info.ModTime()) < time.Minute {
			continue // gone, or too new to be locked already
		}
		if lock, err := lockFolder(dir); err == nil {
			os.RemoveAll(dir) // another user's stays
			lock.Close()
		}
	}
	dir, err := os.MkdirTemp(filepath.Split(folders))
	if err != nil {
		return "", err
	}
	server.lock, err = lockFolder(dir)
	return dir, err
}

// lockFolder fails when another process has locked the folder. The lock ends with this process.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
