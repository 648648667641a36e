package parts

import (
	"bytes"
	"database/sql"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"lineup.dev/lineup/local/child"
)

func TestMariaDBKeepsItsDataWhenItIsKilled(t *testing.T) {
	t.Parallel()
	d := Database{Data: shortDir(t), Port: freePort(t), Password: "secret1"}
	p := startMariaDB(t, d)
	execute(t, d, "CREATE TABLE t (n INT) ENGINE=InnoDB", "INSERT INTO t VALUES (42)")
	p.Kill()
	d.Password = "secret2" // a new one at every start
	startMariaDB(t, d)
	db := connect(t, d.DSN("lineup"))
	var n int
	if err := db.QueryRowContext(t.Context(), "SELECT n FROM t").Scan(&n); err != nil || n != 42 {
		t.Errorf("the row is %d, %v", n, err)
	}
}

func TestMariaDBEndsByItselfWhenAsked(t *testing.T) {
	t.Parallel()
	p := startMariaDB(t, Database{Data: shortDir(t)})
	if err := errors.Join(p.Stop(20*time.Second), p.Err()); err != nil {
		t.Error(err)
	}
}

func TestNobodyGetsInWithoutThePassword(t *testing.T) {
	t.Parallel()
	d := Database{Data: shortDir(t), Port: freePort(t), Password: "secret"}
	startMariaDB(t, d)
	for name, change := range map[string]func(*mysql.Config){
		"root by TCP":        func(c *mysql.Config) { c.User, c.Passwd = "root", "" },
		"nobody by TCP":      func(c *mysql.Config) { c.User, c.Passwd = "", "" },
		"no password":        func(c *mysql.Config) { c.Passwd = "" },
		"another's database": func(c *mysql.Config) { c.DBName = "mysql" },
	} {
		config, err := mysql.ParseDSN(d.DSN("lineup"))
		if err != nil {
			t.Fatal(err)
		}
		if name == "another's database" {
			connect(t, config.FormatDSN()) // gets in
		}
		change(config)
		err = sqlOpen(t, config.FormatDSN()).PingContext(t.Context())
		if refused, ok := errors.AsType[*mysql.MySQLError](err); !ok || refused.Number != 1045 && refused.Number != 1044 && refused.Number != 1698 {
			t.Errorf("%s: %v", name, err)
		}
	}
	info, err := os.Stat(d.Data)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder is %v, %v", info.Mode(), err)
	}
}

func TestMariaDBSaysThatItCannotStart(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	m, err := userCache(t).MariaDB(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Start(t.Context(), Database{Data: shortDir(t), Port: listener.Addr().(*net.TCPAddr).Port, Password: "secret"})
	if _, ok := errors.AsType[*exec.ExitError](err); !ok {
		t.Errorf("the error is %v, want one that holds how MariaDB ended", err)
	}
}

func TestAnInstalledMariaDBIsUsed(t *testing.T) {
	dir, err := userCache(t).mariadbPackage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "usr", "sbin", "mariadbd")
	t.Setenv("PATH", filepath.Dir(program)+":"+os.Getenv("PATH"))
	t.Setenv("LD_LIBRARY_PATH", libraries(dir))
	m, err := installedMariaDB()
	if err != nil || m.program != program || !strings.Contains(m.version, "MariaDB") {
		t.Fatalf("it is %+v, %v", m, err)
	}
	data := shortDir(t)
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := m.bootstrap(t.Context(), data); err != nil {
		t.Fatal(err)
	}
	p, err := m.Start(t.Context(), Database{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	p.Kill()
}

func TestAnotherServerIsNotTakenForMariaDB(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]string{
		"MySQL":    "echo '/usr/sbin/mysqld  Ver 8.4.3 for Linux on x86_64 (MySQL Community Server - GPL)'",
		"broken":   "exit 1",
		"no files": "echo 'mariadbd  Ver 11.8.2-MariaDB for linux on x86_64'",
	} {
		program := filepath.Join(t.TempDir(), "mysqld")
		if err := os.WriteFile(program, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		if m, err := newMariaDB(program, ""); err == nil {
			t.Errorf("%s is taken for %+v", name, m)
		}
	}
}

func TestSeveralMariaDBsRunAtOnce(t *testing.T) {
	t.Parallel()
	for range 3 {
		startMariaDB(t, Database{Data: shortDir(t)})
	}
}

func startMariaDB(t *testing.T, d Database) *child.Process {
	t.Helper()
	if testing.Short() {
		t.Skip("needs MariaDB: left out by -short")
	}
	m, err := userCache(t).MariaDB(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	d.Log = &log
	p, err := m.Start(t.Context(), d)
	if err != nil {
		t.Fatalf("%v\n%s", err, &log)
	}
	t.Cleanup(p.Kill)
	return p
}

// shortDir is a folder for data: a socket's path must be short.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "lineup-parts-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "data")
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func execute(t *testing.T, d Database, statements ...string) {
	t.Helper()
	db := connect(t, d.DSN("lineup"))
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func connect(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db := sqlOpen(t, dsn)
	if err := db.PingContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func sqlOpen(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// TestADumpRestores backs a database up and restores it as docs/operations.md says.
func TestADumpRestores(t *testing.T) {
	t.Parallel()
	d := Database{Data: shortDir(t), Port: freePort(t), Password: "secret"}
	startMariaDB(t, d)
	execute(t, d, "CREATE TABLE t (n INT, s VARCHAR(40)) ENGINE=InnoDB", "INSERT INTO t VALUES (42, 'Zoë')")
	defaults := filepath.Join(t.TempDir(), "my.cnf")
	if err := os.WriteFile(defaults, []byte(d.ClientSettings()), 0o600); err != nil {
		t.Fatal(err)
	}
	cache, err := OpenCache(t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	client := func(stdin io.Reader, name string, args ...string) []byte {
		t.Helper()
		cmd, err := cache.MariaDBClient(t.Context(), name, append([]string{"--defaults-file=" + defaults}, args...)...)
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stdin, cmd.Stderr = stdin, t.Output()
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return out
	}
	dump := client(nil, "mariadb-dump", "--single-transaction", Account)
	execute(t, d, "DROP TABLE t")
	client(bytes.NewReader(dump), "mariadb", Account)
	var text string
	if err := connect(t, d.DSN(Account)).QueryRowContext(t.Context(), "SELECT s FROM t WHERE n=42").Scan(&text); err != nil || text != "Zoë" {
		t.Errorf("restored is %q, %v", text, err)
	}
}
