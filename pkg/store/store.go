// Package store is the database, and the truth about every picture: what was
// posted, who works on it, how it ended.
//
// The SQL works on MySQL 8, MariaDB and TiDB alike. Every time is the database's.
package store

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"

	"lineup.dev/lineup/pkg/certs"
)

// Limits of every connection. A statement that takes longer is given up; no
// statement here should come near.
const (
	dialTimeout      = 5 * time.Second
	statementTimeout = 30 * time.Second
	connectionLife   = 5 * time.Minute // so that a server behind a changed name is found
	connectionIdle   = time.Minute
)

// ErrNotFound says that there is no such row.
var ErrNotFound = errors.New("not found")

// ErrFull says that the database has no room for more. Nothing was written.
var ErrFull = errors.New("the database is full")

// Settings of the database, for a program to embed in its own.
type Settings struct {
	DSN         string `envconfig:"MYSQL_DSN" required:"true" secret:"true" desc:"database: user:password@tcp(host:3306)/name; over TLS with ?tls=true behind the name"`
	CAFile      string `envconfig:"MYSQL_CA_FILE" desc:"PEM file of the CAs that the database's certificate must come from; not set: those that the system trusts"`
	Connections int    `envconfig:"MYSQL_CONNECTIONS" default:"10" desc:"most connections this program opens to the database"`
}

// Store is one program's pool of connections. It is safe for concurrent use.
type Store struct {
	db      *sql.DB
	current atomic.Bool // the schema was seen to be new enough
}

// Open reads the settings and connects to nothing yet.
func Open(s Settings) (*Store, error) {
	config, err := s.config()
	if err != nil {
		return nil, err
	}
	if s.Connections < 1 {
		return nil, fmt.Errorf("MYSQL_CONNECTIONS=%d: at least 1 is needed", s.Connections)
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(s.Connections)
	db.SetMaxIdleConns(s.Connections)
	db.SetConnMaxLifetime(connectionLife)
	db.SetConnMaxIdleTime(connectionIdle)
	return &Store{db: db}, nil
}

// config is the user's DSN with what the statements here rely on.
func (s Settings) config() (*mysql.Config, error) {
	config, err := mysql.ParseDSN(s.DSN)
	if err != nil {
		// The driver's words may hold a part of the password: it is found by guessing.
		return nil, errors.New("MYSQL_DSN is not of the form user:password@tcp(host:port)/name, or has a wrong parameter behind the name")
	}
	if config.Net != "tcp" && config.Net != "unix" {
		return nil, errors.New("MYSQL_DSN names no network that is known: write tcp(host:port) or unix(socket) between the @ and the last slash")
	}
	if config.DBName == "" {
		return nil, errors.New("MYSQL_DSN names no database: add its name after the last slash")
	}
	if s.CAFile != "" {
		if config.TLSConfig != "" && config.TLSConfig != "true" {
			return nil, errors.New("MYSQL_CA_FILE is set, and MYSQL_DSN has another tls= than true, which would not look at it: take away one of them")
		}
		if config.TLS, err = verified(config, s.CAFile); err != nil {
			return nil, err
		}
		// Read for every connection, so that a CA may be replaced meanwhile.
		if err := config.Apply(mysql.BeforeConnect(func(_ context.Context, c *mysql.Config) error {
			fresh, err := verified(c, s.CAFile)
			if err != nil {
				return err
			}
			c.TLS = fresh
			return nil
		})); err != nil {
			return nil, err
		}
	}
	config.ParseTime = true
	config.Loc = time.UTC
	config.ClientFoundRows = true   // an UPDATE tells how many rows it found, not how many it changed
	config.InterpolateParams = true // one round trip a statement; safe with utf8mb4
	config.Collation = "utf8mb4_unicode_ci"
	config.Logger = &mysql.NopLogger{} // it would print lines of its own; every error is returned as well
	config.Timeout = dialTimeout
	config.ReadTimeout = statementTimeout
	config.WriteTimeout = statementTimeout
	if config.Params == nil {
		config.Params = map[string]string{}
	}
	config.Params["time_zone"] = "'+00:00'"
	config.Params["sql_mode"] = "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'" // too long is an error, never cut
	return config, nil
}

// verified is TLS to a server whose certificate is of the file's CAs and for its host.
func verified(config *mysql.Config, caFile string) (*tls.Config, error) {
	pool, err := certs.Pool(caFile)
	if err != nil {
		return nil, fmt.Errorf("MYSQL_CA_FILE: %w", err)
	}
	host, _, err := net.SplitHostPort(config.Addr)
	if err != nil {
		return nil, errors.New("MYSQL_CA_FILE is set, and MYSQL_DSN names no tcp(host:port): TLS needs one")
	}
	return &tls.Config{RootCAs: pool, ServerName: host}, nil
}

// Close ends the connections.
func (s *Store) Close() error { return s.db.Close() }

// Ready tells whether the database answers and its schema is new enough.
func (s *Store) Ready(ctx context.Context) error {
	if err := s.checkSchema(ctx); err != nil {
		return err
	}
	if err := s.db.PingContext(ctx); err != nil {
		return fmt.Errorf("ping the database: %w", err)
	}
	return nil
}

// do runs work once the schema is known to be new enough, and again, a few times,
// when the database chose it as the victim of a deadlock or let it wait too long.
// Work must be whole in itself: a transaction or one statement.
func (s *Store) do(ctx context.Context, what string, work func() error) error {
	if err := s.checkSchema(ctx); err != nil {
		return err
	}
	const tries = 5
	var err error
	for range tries {
		if err = work(); err == nil || !again(err) {
			break
		}
	}
	switch {
	case err == nil, errors.Is(err, ErrNotFound):
		return err
	case full(err):
		return fmt.Errorf("%s: %w: %w", what, ErrFull, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// full tells whether err says that a file cannot grow: ER_DISK_FULL (1021),
// ER_RECORD_FILE_FULL (1114), or an error of the storage engine (ER_ERROR_ON_WRITE,
// 1026, and ER_GET_ERRNO, 1030) with the operating system's words for that.
func full(err error) bool {
	e, ok := errors.AsType[*mysql.MySQLError](err)
	if !ok {
		return false
	}
	switch e.Number {
	case 1021, 1114:
		return true
	case 1026, 1030:
		return slices.ContainsFunc([]string{"No space left", "File too large", "Disk quota exceeded"}, func(words string) bool {
			return strings.Contains(e.Message, words)
		})
	}
	return false
}

// again tells whether err is a deadlock (1213), a lock wait that took too long
// (1205), or a row that two submitters lost to each other.
func again(err error) bool {
	e, ok := errors.AsType[*mysql.MySQLError](err)
	return ok && (e.Number == 1213 || e.Number == 1205) || errors.Is(err, errLostRow)
}

// transact is do for a transaction.
func (s *Store) transact(ctx context.Context, what string, work func(*sql.Tx) error) error {
	return s.do(ctx, what, func() error {
		tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if err := work(tx); err != nil {
			return err
		}
		return tx.Commit()
	})
}

// exec is do for one statement; it tells how many rows were found.
func (s *Store) exec(ctx context.Context, what, query string, args ...any) (found int64, err error) {
	err = s.do(ctx, what, func() error {
		result, err := s.db.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		found, err = result.RowsAffected()
		return err
	})
	return found, err
}

// query runs a SELECT and gives what scan makes of each row.
func query[T any](ctx context.Context, q querier, scan func(*sql.Rows) (T, error), statement string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

// in is "(?,?,...)" for the values, and the values as arguments.
func in[T any](values []T) (string, []any) {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	return "(" + strings.TrimSuffix(strings.Repeat("?,", len(values)), ",") + ")", args
}
