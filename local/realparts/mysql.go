package realparts

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lineup/local/parts"

	_ "github.com/go-sql-driver/mysql" // the driver that MySQL's DSN is for
)

// server is the MariaDB of this test binary: started by the first test that asks, ended by Main.
var server struct {
	inMain bool
	mu     sync.Mutex
	dir    string
	db     *parts.MariaDB
	err    error
}

// Main runs a package's tests and ends the server that they started. It gives the exit code.
func Main(m *testing.M) int {
	server.inMain = true
	code := m.Run()
	server.mu.Lock()
	defer server.mu.Unlock()
	if server.db != nil {
		if err := server.db.Stop(10 * time.Second); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	if err := os.RemoveAll(server.dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	return code
}

var databases atomic.Int64

// MySQL gives the DSN of a fresh, empty database on a real MariaDB. The database is dropped when the test ends.
func MySQL(t testing.TB) string {
	t.Helper()
	running, err := mariaDB(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("test_%d", databases.Add(1))
	admin, err := sql.Open("mysql", running.DSN(""))
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
	return running.DSN(name)
}

// mariaDB gives the shared server. One that could not be started is not tried again.
func mariaDB(ctx context.Context) (*parts.MariaDB, error) {
	server.mu.Lock()
	defer server.mu.Unlock()
	if !server.inMain {
		return nil, fmt.Errorf("this package's tests use a database: give it func TestMain(m *testing.M) { os.Exit(realparts.Main(m)) }")
	}
	if server.db == nil && server.err == nil {
		server.db, server.err = startMariaDB(ctx)
	}
	return server.db, server.err
}

func startMariaDB(ctx context.Context) (*parts.MariaDB, error) {
	c, err := cache()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, fetching)
	defer cancel()
	// Not in the folder for temporary files that a test binary may be given: a socket's path must be short.
	server.dir, err = os.MkdirTemp("/tmp", "lineup-mariadb-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for MariaDB: %w", err)
	}
	log, err := os.Create(filepath.Join(server.dir, "log"))
	if err != nil {
		return nil, fmt.Errorf("make MariaDB's log: %w", err)
	}
	defer log.Close()
	db, err := c.StartMariaDB(ctx, parts.MariaDBOptions{Data: filepath.Join(server.dir, "data"), Log: log})
	if err != nil {
		content, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("%w\n%s", err, content)
	}
	return db, nil
}
