// Package store is the database, and the truth about every picture: what was
// posted, who works on it, how it ended.
//
// The SQL works on MySQL 8, MariaDB and TiDB alike. Every time is the database's.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"
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
	DSN         string `envconfig:"MYSQL_DSN" required:"true" secret:"true" desc:"database: user:password@tcp(host:3306)/name"`
	Connections int    `envconfig:"MYSQL_CONNECTIONS" default:"10" desc:"most connections this program opens to the database"`
}

// Store is one program's pool of connections. It is safe for concurrent use.
type Store struct {
	db      *sql.DB
	current atomic.Bool // the schema was seen to be new enough
}

// Open reads the settings and connects to nothing yet.
func Open(s Settings) (*Store, error) {
	config, err := parse(s.DSN)
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

// parse adds to the user's DSN what the statements here rely on.
func parse(dsn string) (*mysql.Config, error) {
	config, err := mysql.ParseDSN(dsn)
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
