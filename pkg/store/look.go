package store

import (
	"context"
	"slices"
)

// The status is assigned last: MySQL's assignments see those to their left.
var updateLook = `
	UPDATE images
	SET answered = IF(status IN (` + failures() + `), 0, 1),
		reason = NULL,
		round = round + 1,
		revision = 0,
		attempts = 0,
		retry_at = NULL,
		reposted_at = NULL,
		queued_at = NULL,
		announced_at = NULL,
		updated_at = UTC_TIMESTAMP(6),
		status = '` + pending + `'
	WHERE status IN (` + finalStatuses() + `)
		AND id IN `

// Look makes pictures that have a result pending again, each in a new round: the old
// answer is shown until there is the new one. Those that wait already are left as they
// are. It gives the rows of all that there are, in the order of their ids.
func (s *Store) Look(ctx context.Context, ids []int64) (refs []Ref, err error) {
	for chunk := range slices.Chunk(distinctIDs(ids), maxValues) {
		list, args := placeholders(chunk)
		if _, err := s.exec(ctx, "look at pictures again", updateLook+list, args...); err != nil {
			return nil, err
		}
		var some []Ref
		err := s.do(ctx, "read pictures to look at", func() (err error) {
			some, err = query(ctx, s.db, scanRef, selectRefs+list+byID, args...)
			return err
		})
		if err != nil {
			return nil, err
		}
		refs = append(refs, some...)
	}
	return refs, nil
}

const (
	selectRefs = `
	SELECT
		id,
		round,
		path
	FROM images
	WHERE id IN `

	byID = `
		AND status <> '` + deleted + `'
	ORDER BY id`
)

// lookPage is how many pictures LookAll finds at a time.
const lookPage = 500

// LookAll is Look for all pictures that the filter finds, and tells how many: their hints
// come with the next pings. Its Before and Limit mean nothing here.
func (s *Store) LookAll(ctx context.Context, f Filter) (count int64, err error) {
	for f.Before, f.Limit = 0, lookPage; ; {
		var ids []int64
		err := s.do(ctx, "find pictures to look at again", func() error {
			found, err := s.pageOf(ctx, s.db, f)
			if err != nil || found.statement == "" {
				ids = nil
				return err
			}
			ids, err = query(ctx, s.db, scanID, found.statement, found.args...)
			return err
		})
		if err != nil || len(ids) == 0 {
			return count, err
		}
		list, args := placeholders(ids)
		found, err := s.exec(ctx, "look at pictures again", updateLook+list, args...)
		if err != nil {
			return count, err
		}
		count, f.Before = count+found, slices.Min(ids)
	}
}
