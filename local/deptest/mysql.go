package deptest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lineup.dev/lineup/local/child"
	"lineup.dev/lineup/local/parts"

	_ "github.com/go-sql-driver/mysql" // the driver that MySQL's DSN is for
)

// server is the MariaDB of this test binary: started by the first test that asks, ended by Main.
var server struct {
	inMain  bool
	mu      sync.Mutex
	dir     string
	lock    *os.File // on dir, held until the process ends
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
	leftOutByShort(t, "MariaDB")
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
		return parts.Database{}, errors.New("this package's tests use a database: give it func TestMain(m *testing.M) { os.Exit(deptest.Main(m)) }")
	}
	if server.process == nil && server.err == nil {
		server.err = startMariaDB(ctx)
	}
	return server.db, server.err
}

// MySQLOverTLS gives the DSN of an empty database on a server of the test's own, which shows this certificate and
// refuses whoever does not speak TLS. The DSN itself does not ask for it.
func MySQLOverTLS(t testing.TB, certFile, keyFile string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), fetching)
	defer cancel()
	c, err := cache()
	if err != nil {
		t.Fatal(err)
	}
	mariadb, err := c.MariaDB(ctx)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "lineup-tls-*") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	db := parts.Database{Data: filepath.Join(dir, "data"), Log: t.Output(), Port: port, Password: "secret",
		Options: []string{"--ssl-cert=" + certFile, "--ssl-key=" + keyFile}}
	process, err := mariadb.Start(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := process.Stop(10 * time.Second); err != nil {
			t.Error(err)
		}
	})
	// Not from the start: whoever waits for the server to answer does not speak TLS.
	admin, err := sql.Open("mysql", parts.Database{Data: db.Data}.DSN(""))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.ExecContext(ctx, "SET GLOBAL require_secure_transport=ON"); err != nil {
		t.Fatal(err)
	}
	return db.DSN(parts.Account)
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
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
	if server.dir, err = newFolder(); err != nil {
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

// newFolder makes a folder that this process keeps locked, and removes those of test binaries that died without a chance
// to do so. It is not where a test binary may be told to keep temporary files: a socket's path must be short.
func newFolder() (string, error) {
	const pattern = "/tmp/lineup-mariadb-*"
	dirs, err := filepath.Glob(pattern)
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
	dir, err := os.MkdirTemp(filepath.Split(pattern))
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
