package deptest

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/go-sql-driver/mysql" // the driver that MySQL's DSN is for

	"lineup.dev/lineup/local/child"
	"lineup.dev/lineup/local/parts"
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
		if _, err := admin.ExecContext(context.WithoutCancel(t.Context()), "DROP DATABASE "+name); err != nil {
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
		server.err = startShared(ctx)
	}
	return server.db, server.err
}

func startShared(ctx context.Context) error {
	var err error
	if server.dir, err = lockedFolder(); err != nil {
		return fmt.Errorf("make a folder for MariaDB: %w", err)
	}
	server.db, server.process, err = startServer(ctx, server.dir, parts.Database{Options: untilPowerFails()})
	return err
}

// untilPowerFails are options with which the server waits for no disk: what it wrote outlives its own death, and not the
// machine's, after which no test goes on. Benchmarks tell what a real server takes.
func untilPowerFails() []string {
	if bench := flag.Lookup("test.bench"); bench != nil && bench.Value.String() != "" {
		return nil
	}
	return []string{"--innodb-flush-method=nosync", "--innodb-doublewrite=OFF"}
}

// MySQLOverTLS gives the DSN of an empty database on a server of the test's own, which shows this certificate and
// refuses whoever does not speak TLS. The DSN itself does not ask for it.
func MySQLOverTLS(t testing.TB, certFile, keyFile string) string {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	db, _ := ownServer(t, parts.Database{Port: port, Password: "secret", Options: []string{"--ssl-cert=" + certFile, "--ssl-key=" + keyFile}})
	// Not from the start: whoever waits for the server to answer does not speak TLS.
	execute(t, parts.Database{Data: db.Data}.DSN(""), "SET GLOBAL require_secure_transport=ON")
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

// SQL opens the database at dsn, and closes it when the test ends.
func SQL(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
