package store

import (
	"context"
	"time"
)

const (
	// A row that another holds is not waited for: it is there already, or is just being inserted.
	withoutWaiting = `
		SET STATEMENT innodb_lock_wait_timeout = 0 FOR`

	// readAfterKnown is how many groups look first, after one that had a path which is known.
	readAfterKnown = 64

	// mostPrepared is how many rows an INSERT has at most that is prepared: there is a statement
	// for each number of rows, and MariaDB keeps all of them for a connection, about 4 KB for
	// each row of a statement.
	mostPrepared = 40

	// lookInterval is how long a look for rows by an older spelling holds.
	lookInterval = time.Second
)

// rootLook says that no row had the absolute spelling of a path below the root.
type rootLook struct {
	root string
	at   time.Time
}

// insertUnseen inserts the rows of calls in one round trip, without looking whether they are
// there: where the server tells their ids, and paths that are known were not posted just now. It
// tells whether that was all. Nothing was done where a row is there, or may be by an older
// spelling.
func (s *Store) insertUnseen(ctx context.Context, calls []*Call) (inserted bool, err error) {
	fresh := storedRows(nil).fresh(calls)
	if len(fresh) == 0 || !s.returning.Load() || s.mayBeSpelled(calls) || s.reading.Add(-1) >= 0 {
		return false, nil
	}
	var asked executor = s.db
	if len(fresh) <= mostPrepared {
		asked = s.prepared
	}
	ids, err := s.insertRows(ctx, asked, withoutWaiting, fresh)
	switch {
	case isOneOf(err, errDuplicate):
		s.reading.Store(readAfterKnown)
		return false, nil
	case isOneOf(err, conflicts...):
		return false, nil
	case err != nil:
		return false, err
	}
	for _, call := range calls {
		call.Submissions, call.Alone = storedRows(nil).submissions(call.Pictures, ids)
	}
	return true, nil
}

// mayBeSpelled tells whether there may be rows by the absolute spelling of the calls' paths. Older
// versions that still run write such, and others: the first may come at any time, and was not
// there a second ago.
func (s *Store) mayBeSpelled(calls []*Call) bool {
	roots := rootsOf(calls)
	if len(roots) > 1 || s.spelled.Load() {
		return true
	}
	for root := range roots {
		look := s.lastLook.Load()
		return look == nil || look.root != root || time.Since(look.at) > lookInterval
	}
	return false
}
