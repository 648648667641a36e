package store

import (
	"context"
	"slices"
)

const (
	// Rows that another holds are not waited for: only one that is there already can be such.
	withoutWaiting = `
		SET STATEMENT innodb_lock_wait_timeout = 0 FOR`
	// onlyUnspelled is 1, and two rows, which is an error, where there is a path below the root.
	onlyUnspelled = `(
			SELECT one
			FROM (
				SELECT 1 AS one
				UNION ALL (
					SELECT 1
					FROM images
					WHERE path LIKE ?
					LIMIT 1
				)
			) AS rounds
		)`

	// readAfterKnown is how many groups look first, after one that had a path which is known.
	readAfterKnown = 64
)

// insertUnseen inserts the rows of several calls in one round trip, without looking whether there are
// some: where the server tells the ids, and paths that are known were not posted just now. One call alone
// has the time to look, and uses up no id where it has a path that is known. It tells whether
// that was all. Nothing was done where a row is there, or may be by an older spelling.
func (s *Store) insertUnseen(ctx context.Context, calls []*Call) (inserted bool, err error) {
	roots := rootsOf(calls)
	if len(calls) == 1 || !s.returning.Load() || s.spelled.Load() || len(roots) > 1 || s.reading.Add(-1) >= 0 {
		return false, nil
	}
	paths, args := freshArgs(storedRows(nil).fresh(calls))
	round := firstRound
	for root := range roots {
		round, args = onlyUnspelled, slices.Concat([]any{likeEscaper.Replace(root) + "%"}, args)
	}
	ids, err := idsByPath(ctx, s.db, withoutWaiting+insertRows(round, len(paths))+returningIDs, args...)
	switch {
	case isOneOf(err, errDuplicate, errSeveralRows):
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
