package parts

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"lineup.dev/lineup/local/child"
)

// MariaDB is a MariaDB server that is installed, or unpacked in the cache.
type MariaDB struct {
	program   string
	base      string // its usr folder
	messages  string // folder of its messages and SQL scripts
	libraries string // LD_LIBRARY_PATH; empty where it is installed
	version   string
	template  string // a data folder with nothing in it
}

// MariaDB gives the server that is installed, else it fetches one.
func (c Cache) MariaDB(ctx context.Context) (MariaDB, error) {
	m, err := installedMariaDB()
	if err != nil {
		dir, err := c.mariadbPackage(ctx)
		if err != nil {
			return MariaDB{}, err
		}
		m, err = newMariaDB(filepath.Join(dir, "usr", "sbin", "mariadbd"), libraries(dir))
		if err != nil {
			return MariaDB{}, err
		}
	}
	m.template, err = c.Folder(ctx, "mariadb-data-"+m.version, func(dir string) error { return m.bootstrap(ctx, dir) })
	return m, err
}

func installedMariaDB() (MariaDB, error) {
	for _, name := range []string{"mariadbd", "mysqld", "/usr/sbin/mariadbd"} { // an ordinary user's PATH lacks sbin
		program, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if m, err := newMariaDB(program, ""); err == nil {
			return m, nil
		}
	}
	return MariaDB{}, errors.New("no MariaDB is installed")
}

// MariaDBClient gives the command that runs a client of MariaDB, mariadb or mariadb-dump: the one that is installed,
// else it fetches them.
func (c Cache) MariaDBClient(ctx context.Context, name string, args ...string) (*exec.Cmd, error) {
	if program, err := exec.LookPath(name); err == nil {
		return exec.CommandContext(ctx, program, args...), nil
	}
	dir, err := c.clientPackage(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "usr", "bin", name), args...)
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+libraries(dir))
	return cmd, nil
}

// newMariaDB checks that program is a MariaDB with the scripts that a new data folder is made from beside it.
func newMariaDB(program, libraryPath string) (MariaDB, error) {
	program, err := filepath.EvalSymlinks(program)
	if err != nil {
		return MariaDB{}, fmt.Errorf("find MariaDB: %w", err)
	}
	m := MariaDB{program: program, base: filepath.Dir(filepath.Dir(program)), libraries: libraryPath}
	out, err := m.command("--version").Output()
	if err != nil {
		return MariaDB{}, fmt.Errorf("ask %s for its version: %w", program, err)
	}
	_, version, _ := strings.Cut(string(out), "Ver ")
	m.version, _, _ = strings.Cut(version, " ")
	if !strings.Contains(m.version, "MariaDB") {
		return MariaDB{}, fmt.Errorf("%s is not a MariaDB", program)
	}
	for _, share := range []string{"mysql", "mariadb"} {
		m.messages = filepath.Join(m.base, "share", share)
		if _, err := os.Stat(filepath.Join(m.messages, scripts[0])); err == nil {
			return m, nil
		}
	}
	return MariaDB{}, fmt.Errorf("%s has no %s in %s/share", program, scripts[0], m.base)
}

// command runs the server with no configuration but these arguments.
func (m MariaDB) command(args ...string) *exec.Cmd {
	cmd := exec.Command(m.program, append([]string{"--no-defaults"}, args...)...)
	if m.libraries != "" {
		cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+m.libraries)
	}
	return cmd
}

// settings are the arguments that making and using a data folder have in common. The files start small, so that a data
// folder is quickly copied.
func (m MariaDB) settings(data string) []string {
	args := []string{
		"--basedir=" + m.base, "--lc-messages-dir=" + m.messages, "--datadir=" + data,
		"--skip-log-bin", "--performance-schema=OFF",
		"--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci",
		"--innodb-log-file-size=16M", "--innodb-autoextend-increment=1",
	}
	if os.Geteuid() == 0 {
		args = append(args, "--user=root")
	}
	return args
}

// scripts make the system tables. The server's other scripts (help texts, performance schema, sys) are not needed.
var scripts = []string{"mysql_system_tables.sql", "mysql_system_tables_data.sql"}

// bootstrap makes dir a data folder with nothing in it but the system tables and root, without a password, who can only
// come by the socket.
func (m MariaDB) bootstrap(ctx context.Context, dir string) error {
	var script strings.Builder
	script.WriteString("create database mysql;\nuse mysql;\nSET @auth_root_socket=NULL;\nSET @skip_auth_anonymous=1;\n")
	for _, name := range scripts {
		content, err := os.ReadFile(filepath.Join(m.messages, name))
		if err != nil {
			return fmt.Errorf("make a database: %w", err)
		}
		script.Write(content)
	}
	script.WriteString("DELETE FROM global_priv WHERE Host <> 'localhost';\nDELETE FROM proxies_priv;\n")
	cmd := m.command(append(m.settings(dir), "--bootstrap")...)
	cmd.Stdin = strings.NewReader(script.String())
	if err := child.Run(ctx, cmd); err != nil {
		return fmt.Errorf("make a database: %s: %w", own, err)
	}
	return nil
}

// Database says where a server keeps its data and how it is reached.
type Database struct {
	Data string    // folder; made if missing, readable by its owner only
	Log  io.Writer // for what the server prints; nil: it is not kept

	// Port on 127.0.0.1. The server has the Account then, with this password, and its database.
	// 0: only root, and only by the socket in Data, whose path must be shorter than 90 bytes.
	Port     int
	Password string // letters and digits

	Options []string // more of the server's own, each --name=value; they outdo those that are set here
}

// Account is who has the password, and the name of the database that is his.
const Account = "lineup"

// DSN is how a database of the server is reached, as go-sql-driver spells it.
func (d Database) DSN(name string) string {
	config := mysql.NewConfig()
	config.DBName = name
	if d.Port == 0 {
		config.User, config.Net, config.Addr = "root", "unix", filepath.Join(d.Data, "mysqld.sock")
	} else {
		config.User, config.Passwd, config.Net, config.Addr = Account, d.Password, "tcp", fmt.Sprintf("127.0.0.1:%d", d.Port)
	}
	return config.FormatDSN()
}

// ClientSettings are what MariaDB's clients want to know of a server with a port, for their --defaults-file.
func (d Database) ClientSettings() string {
	return fmt.Sprintf("[client]\nhost=127.0.0.1\nport=%d\nuser=%s\npassword=%s\n", d.Port, Account, d.Password)
}

// Start starts a server and waits until it answers.
func (m MariaDB) Start(ctx context.Context, d Database) (*child.Process, error) {
	if _, err := os.Stat(d.Data); err != nil {
		if err := copyFolder(m.template, d.Data); err != nil {
			return nil, fmt.Errorf("make a database: %w", err)
		}
	}
	args := append(m.settings(d.Data), "--skip-name-resolve", "--socket=mysqld.sock") // relative to Data
	if d.Port == 0 {
		args = append(args, "--skip-networking")
	} else {
		init := filepath.Join(d.Data, "init.sql")
		if err := os.WriteFile(init, []byte(accountSQL(d.Password)), 0o600); err != nil {
			return nil, fmt.Errorf("start MariaDB: %w", err)
		}
		args = append(args, "--bind-address=127.0.0.1", fmt.Sprintf("--port=%d", d.Port), "--init-file="+init)
	}
	cmd := m.command(append(args, d.Options...)...)
	cmd.Stdout, cmd.Stderr = d.Log, d.Log
	p, err := child.Start(cmd)
	if err != nil {
		return nil, fmt.Errorf("start MariaDB: %w", err)
	}
	if err := answers(ctx, p, d.DSN("")); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

// accountSQL gives the account all rights on its database, for connections from this machine.
func accountSQL(password string) string {
	return fmt.Sprintf("CREATE DATABASE IF NOT EXISTS %[1]s;\n"+
		"CREATE OR REPLACE USER %[1]s@'127.0.0.1' IDENTIFIED BY '%[2]s';\n"+
		"GRANT ALL ON %[1]s.* TO %[1]s@'127.0.0.1';\n", Account, password)
}

// answers waits until the server answers: a new one at once, one that was killed after it has repaired its data.
func answers(ctx context.Context, p *child.Process, dsn string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return fmt.Errorf("connect to MariaDB: %w", err)
	}
	config.Logger = &mysql.NopLogger{} // not to be told of each attempt
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return fmt.Errorf("connect to MariaDB: %w", err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	for {
		attempt, cancel := context.WithTimeout(ctx, time.Second) // another's server on the port may be silent
		err := db.PingContext(attempt)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-p.Done():
			return fmt.Errorf("MariaDB ended while starting; its log says why: %w", cmp.Or(p.Err(), errors.New("exit status 0")))
		case <-ctx.Done():
			return fmt.Errorf("wait for MariaDB: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// copyFolder makes to a copy of from, all of it or nothing, readable by its owner only.
func copyFolder(from, to string) error {
	temp := to + ".part"
	if err := os.RemoveAll(temp); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if err := os.CopyFS(temp, os.DirFS(from)); err != nil {
		return err
	}
	if err := os.Chmod(temp, 0o700); err != nil {
		return err
	}
	return os.Rename(temp, to)
}
