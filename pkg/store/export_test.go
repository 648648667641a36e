package store

import "database/sql"

// DB is the pool of connections, for tests that look at what they are told.
func (s *Store) DB() *sql.DB { return s.db }

// TellsIDs is what decides whether INSERT ... RETURNING is used.
var TellsIDs = tellsIDs

// SetReturning says that the server knows INSERT ... RETURNING, or that it does not.
func (s *Store) SetReturning(knows bool) { s.returning.Store(knows) }

// LookInterval is after how long rows by an older spelling are found.
const LookInterval = lookInterval
