package realparts

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lineup/local/child"
	"lineup/local/parts"

	_ "github.com/go-sql-driver/mysql" // the driver that MySQL's DSN is for
)

// server is the MariaDB of this test binary: started by the first test that asks, ended by Main.
var server struct {
	inMain  bool
	mu      sync.Mutex
	dir     string
	db      parts.Database
	process *child.Process
	err     error
}

// Main runs a package's tests and ends the server that they started. It gives the exit code.
func Main(m *testing.M) int {
	server.inMain = true
	code := m.Run()
	server.mu.Lock()
	defer server.mu.Unlock()
	var err error
	if server.process != nil {
		err = server.process.Stop(10 * time.Second)
	}
	if err := errors.Join(err, os.RemoveAll(server.dir)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

var databases atomic.Int64

// MySQL gives the DSN of a fresh, empty database on a real MariaDB. The database is dropped when the test ends.
func MySQL(t testing.TB) string {
	t.Helper()
	server, err := mariaDB(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test_%d", databases.Add(1))
	admin, err := sql.Open("mysql", server.DSN(""))
	if err != nil {
		t.Fatalf("make a database: %v", err)
	}
	if _, err := admin.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatalf("make a database: %v", err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec("DROP DATABASE " + name); err != nil {
			t.Errorf("drop a database: %v", err)
		}
		admin.Close()
	})
	return server.DSN(name)
}

// mariaDB gives the shared server. One that could not be started is not tried again.
func mariaDB(ctx context.Context) (parts.Database, error) {
	server.mu.Lock()
	defer server.mu.Unlock()
	if !server.inMain {
		return parts.Database{}, errors.New("this package's tests use a database: give it func TestMain(m *testing.M) { os.Exit(realparts.Main(m)) }")
	}
	if server.process == nil && server.err == nil {
		server.err = startMariaDB(ctx)
	}
	return server.db, server.err
}

func startMariaDB(ctx context.Context) error {
	c, err := cache()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, fetching)
	defer cancel()
	mariadb, err := c.MariaDB(ctx)
	if err != nil {
		return err
	}
	// Not where a test binary may be told to keep temporary files: a socket's path must be short.
	server.dir, err = os.MkdirTemp("/tmp", "lineup-mariadb-")
	if err != nil {
		return fmt.Errorf("make a folder for MariaDB: %w", err)
	}
	log, err := os.Create(filepath.Join(server.dir, "log"))
	if err != nil {
		return fmt.Errorf("make MariaDB's log: %w", err)
	}
	defer log.Close()
	server.db = parts.Database{Data: filepath.Join(server.dir, "data"), Log: log}
	server.process, err = mariadb.Start(ctx, server.db)
	if err != nil {
		content, _ := os.ReadFile(log.Name())
		return fmt.Errorf("%w\n%s", err, content)
	}
	return nil
}
