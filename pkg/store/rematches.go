package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// RematchClaim is the right to work on a range, or why there is none.
type RematchClaim struct {
	Rematch
	Outcome Outcome       // Won, Gone, Done, Leased or NotYet
	Wait    time.Duration // Leased, NotYet: how long until a claim can succeed
	// DescribeBy is the model that is to describe the range's faces, and the photos of these
	// ids, first; empty: they are described.
	DescribeBy string

	token string
}

const (
	updateRematchClaim = `
		UPDATE rematches
		SET` + setClaim + `
		WHERE first_image = ?
			AND finished_at IS NULL
			AND ` + claimable

	selectRematchClaim = `
		SELECT
			gallery_state,
			describe_by,
			finished_at IS NOT NULL,
			COALESCE(claim, ''),
			TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), IF(claim IS NULL, retry_at, lease_until))
		FROM rematches
		WHERE first_image = ?`
)

// ClaimRematch takes the range for the time of the lease, Horizon at most, when it waits
// and nobody works on it.
func (s *Store) ClaimRematch(ctx context.Context, firstImage int64, lease time.Duration) (RematchClaim, error) {
	c := RematchClaim{Rematch: Rematch{FirstImage: firstImage}, token: rand.Text()}
	ahead := Horizon.Microseconds()
	what := fmt.Sprintf("claim the re-match of %d", firstImage)
	if _, err := s.exec(ctx, what, updateRematchClaim, c.token, min(lease, Horizon).Microseconds(), firstImage, ahead, ahead); err != nil {
		return c, err
	}
	err := s.do(ctx, what, func() error {
		var finished bool
		var claim string
		var wait sql.NullInt64
		err := s.db.QueryRowContext(ctx, selectRematchClaim, firstImage).Scan(&c.GalleryState, &c.DescribeBy, &finished, &claim, &wait)
		if errors.Is(err, sql.ErrNoRows) {
			c.Outcome = Gone
			return nil
		}
		c.Wait = waitOf(wait)
		switch {
		case finished:
			c.Outcome = Done
		case claim == c.token:
			c.Outcome, c.Wait = Won, 0
		case claim != "":
			c.Outcome = Leased
		default:
			c.Outcome = NotYet
		}
		return err
	})
	return c, err
}

const (
	countBehind = `
		SELECT COUNT(*)
		FROM faces
		WHERE image_id BETWEEN ? AND ?
			AND gallery_state < ?`

	updateRematchFinished = `
		UPDATE rematches
		SET finished_at = IF(gallery_state <= ? AND ? AND describe_by = '', UTC_TIMESTAMP(6), NULL),
			queued_at = IF(finished_at IS NULL, NULL, queued_at),
			claim = NULL,
			lease_until = NULL
		WHERE first_image = ?
			AND claim = ?`

	updateRematchGivenBack = `
		UPDATE rematches
		SET claim = NULL,
			lease_until = NULL,
			queued_at = UTC_TIMESTAMP(6),
			retry_at = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
		WHERE first_image = ?
			AND claim = ?`
)

// FinishRematch ends the claim. The range waits again where a face was left out, or the
// gallery changed meanwhile. ErrClaimLost when the claim was another's by then.
func (s *Store) FinishRematch(ctx context.Context, c RematchClaim) error {
	what := fmt.Sprintf("finish the re-match of %d", c.FirstImage)
	var left int
	err := s.do(ctx, what, func() error {
		return s.db.QueryRowContext(ctx, countBehind, c.FirstImage, c.FirstImage+RematchRange-1, c.GalleryState).Scan(&left)
	})
	if err != nil {
		return err
	}
	return s.execClaimed(ctx, what, updateRematchFinished, c.GalleryState, left == 0, c.FirstImage, c.token)
}

// GiveBackRematch makes the range wait for the delay, Horizon at most. ErrClaimLost when the
// claim was another's by then.
func (s *Store) GiveBackRematch(ctx context.Context, c RematchClaim, delay time.Duration) error {
	return s.execClaimed(ctx, fmt.Sprintf("give back the re-match of %d", c.FirstImage), updateRematchGivenBack,
		min(delay, Horizon).Microseconds(), c.FirstImage, c.token)
}

// RematchProgress is how far the gallery's changes have come into the past.
type RematchProgress struct {
	Waiting  int64      `json:"waiting"`  // ranges of RematchRange pictures that are still to be compared again
	Finished int64      `json:"finished"` // ranges that were
	Last     *time.Time `json:"last"`     // when the last was, nil for never
}

const selectRematchProgress = `
	SELECT
		COUNT(*) - COUNT(finished_at),
		COUNT(finished_at),
		MAX(finished_at)
	FROM rematches`

// RematchProgress counts the ranges.
func (s *Store) RematchProgress(ctx context.Context) (p RematchProgress, err error) {
	err = s.do(ctx, "count re-matches", func() error {
		return s.db.QueryRowContext(ctx, selectRematchProgress).Scan(&p.Waiting, &p.Finished, &p.Last)
	})
	return p, err
}
