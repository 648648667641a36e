package store

import (
	"context"
	"database/sql"
	"time"
)

// RematchRange is how many pictures a re-match is of: those whose ids begin with a
// multiple of it.
const RematchRange = 500

// Rematch is a range of pictures whose faces are to be compared with the gallery again.
type Rematch struct {
	FirstImage   int64
	GalleryState int64 // that they are to be compared with, or a later one
}

const (
	selectNamedState = `
		SELECT named_state
		FROM gallery
		WHERE id = 1`

	// From the index alone: whoever decided a face, and whether it has a descriptor, is in
	// the row. Who does a re-match stamps every face of the range, so that none is found again.
	selectRanges = `
		SELECT DISTINCT image_id - image_id MOD ?
		FROM faces
		WHERE gallery_state < ?
		ORDER BY 1`

	insertRematches = `
		INSERT INTO rematches (first_image, gallery_state)
		VALUES `

	// One that is under way with that state or a later one goes on; of any other the hint is
	// due at once. The columns are set after the last that asks for them.
	raiseRematches = `
		ON DUPLICATE KEY UPDATE
			queued_at = IF(finished_at IS NOT NULL OR gallery_state < VALUES(gallery_state), NULL, queued_at),
			finished_at = NULL,
			gallery_state = GREATEST(gallery_state, VALUES(gallery_state))`
)

// PlanRematches plans to compare every face with the gallery again that was compared with
// an earlier state than the last that concerns people with a name, and tells how many ranges
// of pictures that concerns. A gallery that never had a photo that counts concerns none.
func (s *Store) PlanRematches(ctx context.Context) (ranges int, err error) {
	var first []int64
	var state int64
	err = s.do(ctx, "find faces to be compared again", func() error {
		if err := s.db.QueryRowContext(ctx, selectNamedState).Scan(&state); err != nil || state <= firstState {
			return err
		}
		first, err = query(ctx, s.db, scanID, selectRanges, RematchRange, state)
		return err
	})
	if err != nil {
		return 0, err
	}
	return len(first), s.planRanges(ctx, first, insertRematches, raiseRematches, state)
}

// firstState is the gallery's before anything counted.
const firstState = 1

const (
	selectDueRematches = `
		SELECT
			first_image,
			gallery_state
		FROM rematches
		WHERE finished_at IS NULL
			AND ` + claimable + `
			AND (
				(queued_at BETWEEN UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND AND UTC_TIMESTAMP(6)) IS NOT TRUE
				OR queued_at < retry_at AND retry_at <= UTC_TIMESTAMP(6)
				OR queued_at < lease_until AND lease_until <= UTC_TIMESTAMP(6)
			)
		ORDER BY
			queued_at,
			first_image DESC
		LIMIT ?`

	updateRematchesQueued = `
		UPDATE rematches
		SET queued_at = UTC_TIMESTAMP(6)
		WHERE first_image IN `
)

// DueRematches is Due for re-matches: those that wait for a hint, of those that never had
// one the newest pictures' first.
func (s *Store) DueRematches(ctx context.Context, age time.Duration, limit int) (due []Rematch, err error) {
	ahead := Horizon.Microseconds()
	err = s.do(ctx, "find re-matches that are due", func() error {
		due, err = query(ctx, s.db, func(rows *sql.Rows) (r Rematch, err error) {
			err = rows.Scan(&r.FirstImage, &r.GalleryState)
			return r, err
		}, selectDueRematches, ahead, ahead, age.Microseconds(), limit)
		return err
	})
	return due, err
}

// MarkRematchesQueued stamps the re-matches as hinted just now.
func (s *Store) MarkRematchesQueued(ctx context.Context, firstImages []int64) error {
	return s.execIn(ctx, "mark re-matches as queued", updateRematchesQueued, firstImages)
}
