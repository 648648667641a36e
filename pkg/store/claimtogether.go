package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"maps"
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
	// lockFirstClaims finds pictures that updateFirstClaim would claim, and waits for none that
	// another holds.
	lockFirstClaims = `
		SELECT
			id,
			round,
			path
		FROM images
		WHERE ` + atFirstTry + `
			AND id IN %s
		ORDER BY id
		FOR UPDATE NOWAIT`

	updateFirstClaims = `
		UPDATE images
		SET ` + setFirstClaim + `
		WHERE id IN `
)

// ClaimTogether is ClaimPath for several callers at once, in one transaction: of the pictures
// that are at their first try, which most are, and whose rows nobody holds. All have one
// token, and each picture one of the callers.
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
	ids := slices.Sorted(maps.Keys(byID))
	won, err := s.claimTogether(ctx, token, lease, ids)
	if err != nil && !isOfOneRow(err) {
		s.giveUp(ctx, token, ids...)
	}
	for id, c := range byID {
		ref, is := won[id]
		switch {
		case err != nil && !isOfOneRow(err):
			c.Err = err
		case err != nil, !is:
			c.Alone = true
		default:
			c.Claim = Claim{Ref: ref, Status: lineup.Processing, token: token}
		}
	}
}

// claimTogether gives the pictures that were claimed by their ids.
func (s *Store) claimTogether(ctx context.Context, token string, lease time.Duration, ids []int64) (won map[int64]Ref, err error) {
	err = s.transact(ctx, "claim images", func(tx *sql.Tx) error {
		won = make(map[int64]Ref, len(ids))
		for chunk := range slices.Chunk(ids, maxValues) {
			list, args := placeholders(chunk)
			found, err := query(ctx, tx, func(rows *sql.Rows) (id int64, err error) {
				var ref Ref
				err = rows.Scan(&ref.ID, &ref.Round, &ref.Path)
				won[ref.ID] = ref
				return ref.ID, err
			}, fmt.Sprintf(lockFirstClaims, list), append([]any{Horizon.Microseconds()}, args...)...)
			if err != nil {
				return err
			}
			if len(found) == 0 {
				continue
			}
			list, args = placeholders(found)
			if _, err := tx.ExecContext(ctx, updateFirstClaims+list, append([]any{token, lease.Microseconds()}, args...)...); err != nil {
				return err
			}
		}
		return nil
	})
	return won, err
}
