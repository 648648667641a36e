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
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"

	"lineup.dev/lineup/pkg/telemetry"
)

// Limits of the pool.
const (
	connectionLife = time.Minute // so that a server is found that came to stand behind the same address
	connectionIdle = serverWait * 2 / 3
)

// ErrNotFound says that there is no such row.
var ErrNotFound = errors.New("not found")

// ErrFull says that the database has no room for more. Nothing was written.
var ErrFull = errors.New("the database is full")

// ErrReadOnly says that the database takes no writes. Nothing was written.
var ErrReadOnly = errors.New("the database is read-only")

// ErrDenied says that the program's account lacks a right. Nothing was written.
var ErrDenied = errors.New("the database denies it")

// Store is one program's pool of connections. It is safe for concurrent use.
type Store struct {
	db          *sql.DB
	prepared    *prepared
	connections *connections
	unfollow    context.CancelFunc
	following   sync.WaitGroup
	unmeasure   func()
	current     atomic.Bool              // the schema was once new enough
	returning   atomic.Bool              // the server knows INSERT ... RETURNING
	spelled     atomic.Bool              // some rows have the absolute spelling of a path below a root
	lastLook    atomic.Pointer[rootLook] // that found no such row
	reading     atomic.Int64             // how many groups of pictures look first which are known; none when it is 0 or less
}

// Open reads the settings and connects to nothing yet.
//
//nolint:contextcheck // the database's name is followed until Close
func Open(s Settings) (*Store, error) {
	config, err := s.config()
	if err != nil {
		return nil, err
	}
	if s.StatementTimeout > 0 {
		config.ReadTimeout, config.WriteTimeout = s.StatementTimeout, s.StatementTimeout
	}
	open := newConnections(config)
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	db := telemetry.OpenDB(session{connector})
	db.SetMaxOpenConns(s.Connections)
	db.SetMaxIdleConns(s.Connections)
	db.SetConnMaxLifetime(connectionLife)
	db.SetConnMaxIdleTime(connectionIdle)
	store := &Store{db: db, prepared: &prepared{db: db, statements: map[string]*sql.Stmt{}}, connections: open, unmeasure: telemetry.Pool(db)}
	ctx, cancel := context.WithCancel(context.Background())
	store.unfollow = cancel
	store.following.Go(func() { open.follow(ctx) })
	return store, nil
}

// Close ends the connections.
func (s *Store) Close() error {
	s.unfollow()
	s.following.Wait()
	s.unmeasure()
	return s.db.Close()
}

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
