package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Every row that is due has no announced_at, and few others do: one range of the
// index. A time that lies ahead of the clock, or beyond the horizon, makes none of
// the conditions true, and NULL none either.
var selectDue = `
	SELECT
		id,
		round,
		path
	FROM images
	WHERE announced_at IS NULL
		AND (queued_at IS NOT NULL OR ?)
		AND (
			status = '` + pending + `'
				AND (retry_at BETWEEN UTC_TIMESTAMP(6) AND UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND) IS NOT TRUE
				AND (
					(queued_at BETWEEN UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND AND UTC_TIMESTAMP(6)) IS NOT TRUE
					OR queued_at < retry_at AND retry_at <= UTC_TIMESTAMP(6)
				)
			OR status = '` + processing + `'
				AND (lease_until BETWEEN UTC_TIMESTAMP(6) AND UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND) IS NOT TRUE
				AND (
					(queued_at BETWEEN UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND AND UTC_TIMESTAMP(6)) IS NOT TRUE
					OR queued_at < lease_until AND lease_until <= UTC_TIMESTAMP(6)
				)
			OR status IN (` + finalStatuses() + `)
				AND (updated_at BETWEEN UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND AND UTC_TIMESTAMP(6)) IS NOT TRUE
				AND (queued_at BETWEEN UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND AND UTC_TIMESTAMP(6)) IS NOT TRUE
		)
	ORDER BY queued_at, id
	LIMIT ?`

// Due gives up to limit pictures that wait for a hint, the longest waiting first:
//   - pending and never queued;
//   - pending, free to be claimed, hinted longer than age ago, or before the time
//     of its retry, which has come;
//   - processing with a lease that ran out, hinted before that or longer than age ago;
//   - final and not announced for age.
//
// A time of the past that lies ahead is none: it was written by hand, or before the
// database's clock was put back.
func (s *Store) Due(ctx context.Context, age time.Duration, limit int) (images []Ref, err error) {
	return s.due(ctx, age, limit, true)
}

// DueAgain is Due without the pictures that were never queued, of which a folder can
// make a million at once: those that were wait for a hint that was lost, a retry, or
// their announcement, and not behind all the others.
func (s *Store) DueAgain(ctx context.Context, age time.Duration, limit int) (images []Ref, err error) {
	return s.due(ctx, age, limit, false)
}

func (s *Store) due(ctx context.Context, age time.Duration, limit int, first bool) (images []Ref, err error) {
	old, ahead := age.Microseconds(), Horizon.Microseconds()
	err = s.do(ctx, "find pictures that are due", func() error {
		images, err = query(ctx, s.db, scanRef, selectDue, first, ahead, old, ahead, old, old, old, limit)
		return err
	})
	return images, err
}

const selectUnannounced = `
	SELECT
		id,
		round,
		path
	FROM images
	WHERE announced_at IS NULL
		AND status IN (%s)
		AND id IN `

// Unannounced gives those of the pictures that have an answer which is not announced.
func (s *Store) Unannounced(ctx context.Context, ids []int64) (images []Ref, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := placeholders(ids)
	err = s.do(ctx, "find answers that are not announced", func() error {
		images, err = query(ctx, s.db, scanRef, fmt.Sprintf(selectUnannounced, finalStatuses())+list, args...)
		return err
	})
	return images, err
}

func scanRef(rows *sql.Rows) (image Ref, err error) {
	err = rows.Scan(&image.ID, &image.Round, &image.Path)
	return image, err
}

const updateQueued = `
	UPDATE images
	SET queued_at = UTC_TIMESTAMP(6)
	WHERE id IN `

// MarkQueued stamps the pictures as hinted just now.
func (s *Store) MarkQueued(ctx context.Context, ids []int64) error {
	return s.execIn(ctx, "mark pictures as queued", updateQueued, ids)
}
