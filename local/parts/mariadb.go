package parts

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"lineup/local/child"

	"github.com/go-sql-driver/mysql"
)

// mariadb is a MariaDB server program, installed or unpacked.
type mariadb struct {
	program   string
	base      string // its usr folder
	messages  string // folder of its messages and SQL scripts
	libraries string // LD_LIBRARY_PATH; empty where it is installed
	version   string
}

// findMariaDB gives the server that is installed, else the one in the cache.
func (c Cache) findMariaDB(ctx context.Context) (mariadb, error) {
	for _, name := range []string{"mariadbd", "mysqld", "/usr/sbin/mariadbd"} { // an ordinary user's PATH lacks sbin
		program, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if m, err := newMariaDB(ctx, program, ""); err == nil {
			return m, nil
		}
	}
	dir, err := c.mariadbPackage(ctx)
	if err != nil {
		return mariadb{}, err
	}
	return newMariaDB(ctx, filepath.Join(dir, "usr", "sbin", "mariadbd"), libraries(dir))
}

// newMariaDB checks that program is a MariaDB with the scripts that a new data folder is made from beside it.
func newMariaDB(ctx context.Context, program, libraries string) (mariadb, error) {
	program, err := filepath.EvalSymlinks(program)
	if err != nil {
		return mariadb{}, fmt.Errorf("find MariaDB: %w", err)
	}
	m := mariadb{program: program, base: filepath.Dir(filepath.Dir(program)), libraries: libraries}
	out, err := m.command(ctx, "--version").Output()
	if err != nil {
		return mariadb{}, fmt.Errorf("ask %s for its version: %w", program, err)
	}
	_, version, _ := strings.Cut(string(out), "Ver ")
	m.version, _, _ = strings.Cut(version, " ")
	if !strings.Contains(m.version, "MariaDB") {
		return mariadb{}, fmt.Errorf("%s is not a MariaDB", program)
	}
	for _, share := range []string{"mysql", "mariadb"} {
		m.messages = filepath.Join(m.base, "share", share)
		if _, err := os.Stat(filepath.Join(m.messages, scripts[0])); err == nil {
			return m, nil
		}
	}
	return mariadb{}, fmt.Errorf("%s has no %s in %s/share", program, scripts[0], m.base)
}

// command runs the server with no configuration but these arguments.
func (m mariadb) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, m.program, append([]string{"--no-defaults"}, args...)...)
	if m.libraries != "" {
		cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+m.libraries)
	}
	return cmd
}

// settings are the arguments that making and using a data folder have in common. The files start small, so that a data
// folder is quickly copied.
func (m mariadb) settings(data string) []string {
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

// template gives a cached data folder with nothing in it but the system tables and root, without a password, who can
// only come by the socket.
func (c Cache) template(ctx context.Context, m mariadb) (string, error) {
	return c.folder(ctx, "mariadb-data-"+m.version, func(dir string) error {
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
		cmd := m.command(ctx, append(m.settings(dir), "--bootstrap")...)
		cmd.Stdin = strings.NewReader(script.String())
		if err := quiet(cmd); err != nil {
			return fmt.Errorf("make a database: %w: %s", err, own)
		}
		return nil
	})
}

// MariaDB is a running server.
type MariaDB struct {
	*child.Process
	config *mysql.Config
}

// MariaDBOptions says where a server keeps its data and how it is reached.
type MariaDBOptions struct {
	Data string   // folder; made if missing, readable by its owner only
	Log  *os.File // for what the server prints; nil: it is not kept

	// Port on 127.0.0.1. The server has the account and the database lineup then; the password is new at every start.
	// 0: only root, and only by the socket in Data, whose path must be shorter than 90 bytes.
	Port int
}

// StartMariaDB starts a server, fetched if none is installed, and waits until it answers.
func (c Cache) StartMariaDB(ctx context.Context, o MariaDBOptions) (*MariaDB, error) {
	m, err := c.findMariaDB(ctx)
	if err != nil {
		return nil, err
	}
	data, err := filepath.Abs(o.Data)
	if err != nil {
		return nil, fmt.Errorf("start MariaDB: %w", err)
	}
	if _, err := os.Stat(data); err != nil {
		template, err := c.template(ctx, m)
		if err != nil {
			return nil, err
		}
		if err := copyFolder(template, data); err != nil {
			return nil, fmt.Errorf("make a database: %w", err)
		}
	}
	args := append(m.settings(data), "--skip-name-resolve", "--socket=mysqld.sock") // relative to data
	config := mysql.NewConfig()
	config.Logger = &mysql.NopLogger{}
	if o.Port == 0 {
		args = append(args, "--skip-networking")
		config.User, config.Net, config.Addr = "root", "unix", filepath.Join(data, "mysqld.sock")
	} else {
		config.User, config.Passwd, config.Net, config.Addr = "lineup", rand.Text(), "tcp", fmt.Sprintf("127.0.0.1:%d", o.Port)
		init := filepath.Join(data, "init.sql")
		if err := os.WriteFile(init, []byte(accountSQL(config.User, config.Passwd)), 0o600); err != nil {
			return nil, fmt.Errorf("start MariaDB: %w", err)
		}
		args = append(args, "--bind-address=127.0.0.1", fmt.Sprintf("--port=%d", o.Port), "--init-file="+init)
	}
	cmd := m.command(context.WithoutCancel(ctx), args...)
	cmd.Dir = data
	if o.Log != nil {
		cmd.Stdout, cmd.Stderr = o.Log, o.Log
	}
	p, err := child.Start(cmd)
	if err != nil {
		return nil, fmt.Errorf("start MariaDB: %w", err)
	}
	running := &MariaDB{p, config}
	if err := running.answers(ctx); err != nil {
		p.Kill()
		return nil, err
	}
	return running, nil
}

// accountSQL gives user all rights on the database of the same name, for connections from this machine.
func accountSQL(user, password string) string {
	return fmt.Sprintf("CREATE DATABASE IF NOT EXISTS %[1]s;\n"+
		"CREATE OR REPLACE USER %[1]s@'127.0.0.1' IDENTIFIED BY '%[2]s';\n"+
		"GRANT ALL ON %[1]s.* TO %[1]s@'127.0.0.1';\n", user, password)
}

// DSN is how a database of the server is reached, as go-sql-driver spells it.
func (m *MariaDB) DSN(database string) string {
	config := m.config.Clone()
	config.DBName = database
	return config.FormatDSN()
}

// answers waits until the server answers: a new one at once, one that was killed after it has repaired its data.
func (m *MariaDB) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	db, err := sql.Open("mysql", m.DSN(""))
	if err != nil {
		return fmt.Errorf("connect to MariaDB: %w", err)
	}
	defer db.Close()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-m.Done():
			return fmt.Errorf("MariaDB ended while starting (%w); its log says why", m.Err())
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
