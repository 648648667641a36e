package store

import "database/sql"

// DB is the pool of connections, for tests that look at what they are told.
func (s *Store) DB() *sql.DB { return s.db }
