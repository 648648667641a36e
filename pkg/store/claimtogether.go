package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"slices"
	"time"

	"lineup.dev/lineup/pkg/lineup"
)

// Claiming is what one caller claims together with others.
type Claiming struct {
	ID    int64
	Path  string // as ClaimPath has it
	Lease time.Duration

	Claim Claim
	// Alone says that nothing was done for this caller: it takes Claim. Its picture is not at
	// its first try, or not to be claimed.
	Alone bool
	Err   error
}

const (
	// updateFirstClaims is updateFirstClaim for several pictures.
	updateFirstClaims = `
	UPDATE images
	SET prior_claim = NULL,
		claim = ?,
		lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,
		retry_at = NULL,
		reposted_at = NULL,
		updated_at = UTC_TIMESTAMP(6),
		status = '` + processing + `'
	WHERE attempts <= 0
		AND status = '` + pending + `'
		AND (retry_at BETWEEN UTC_TIMESTAMP(6) AND UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND) IS NOT TRUE
		AND id IN `

	selectClaimed = `
		SELECT
			id,
			round,
			path
		FROM images
		WHERE claim = ?
			AND status = '` + processing + `'
			AND id IN `
)

// ClaimTogether is Claim for several callers at once, in two round trips: of the pictures
// that are at their first try, which most are. All have one token, and a picture one of the
// callers.
func (s *Store) ClaimTogether(ctx context.Context, all []*Claiming) {
	if len(all) == 1 {
		all[0].Claim, all[0].Err = s.ClaimPath(ctx, all[0].ID, all[0].Path, all[0].Lease)
		return
	}
	token, byID := rand.Text(), make(map[int64]*Claiming, len(all))
	lease := Horizon
	for _, c := range all {
		if c.Alone = byID[c.ID] != nil; !c.Alone {
			byID[c.ID], lease = c, min(lease, c.Lease)
		}
	}
	won, err := s.claimTogether(ctx, token, lease, byID)
	for id, c := range byID {
		ref, is := won[id]
		switch {
		case err != nil:
			c.Err = err
			s.giveUp(ctx, Claim{Ref: Ref{ID: id}, token: token})
		case is:
			c.Claim = Claim{Ref: ref, Status: lineup.Processing, token: token}
		default:
			c.Alone = true
		}
	}
}

// claimTogether gives the pictures that were claimed by their ids.
func (s *Store) claimTogether(ctx context.Context, token string, lease time.Duration, byID map[int64]*Claiming) (map[int64]Ref, error) {
	ids := make([]int64, 0, len(byID))
	for id := range byID {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	won := make(map[int64]Ref, len(ids))
	for chunk := range slices.Chunk(ids, maxValues) {
		list, args := placeholders(chunk)
		found, err := s.exec(ctx, "claim images", updateFirstClaims+list, slices.Concat([]any{token, lease.Microseconds(), Horizon.Microseconds()}, args)...)
		if err != nil {
			return nil, err
		}
		if found == 0 {
			continue
		}
		err = s.do(ctx, "read claimed images", func() error {
			_, err := query(ctx, s.db, func(rows *sql.Rows) (ref Ref, err error) {
				err = rows.Scan(&ref.ID, &ref.Round, &ref.Path)
				won[ref.ID] = ref
				return ref, err
			}, selectClaimed+list, slices.Concat([]any{token}, args)...)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return won, nil
}
