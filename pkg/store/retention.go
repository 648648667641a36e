package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"lineup.dev/lineup/pkg/lineup"
)

const (
	// By the order of ids, which is that of posting, so that few rows are read that are
	// not old enough.
	selectOldest = `
		SELECT
			id,
			round,
			path,
			created_at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND
		FROM images FORCE INDEX (images_status)
		WHERE status = ?
		ORDER BY id
		LIMIT ?`

	selectExpiredForUpdate = `
		SELECT path
		FROM images
		WHERE id = ?
			AND status <> '` + deleted + `'
			AND created_at < UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND
		FOR UPDATE`

	deleteValuesOfImage = `
		DELETE FROM change_values
		WHERE change_id IN (SELECT c.id FROM changes c WHERE c.image_id = ?)`
)

// Expired gives up to limit pictures that were posted longer ago than age.
func (s *Store) Expired(ctx context.Context, age time.Duration, limit int) (old []Ref, err error) {
	err = s.do(ctx, "find pictures that are too old", func() error {
		old = nil
		for _, status := range lineup.Statuses {
			found, err := query(ctx, s.db, func(rows *sql.Rows) (one Ref, err error) {
				var expired bool
				if err = rows.Scan(&one.ID, &one.Round, &one.Path, &expired); !expired {
					one.ID = 0
				}
				return one, err
			}, selectOldest, age.Microseconds(), status, limit)
			if err != nil {
				return err
			}
			old = append(old, slices.DeleteFunc(found, func(r Ref) bool { return r.ID == 0 })...)
		}
		return nil
	})
	return old[:min(len(old), limit)], err
}

// Expire forgets a picture that was posted longer ago than age, its faces, and what changes
// by hand set of it, once remove is done with its file. The row stays without its path, as
// that of a deleted one.
func (s *Store) Expire(ctx context.Context, id int64, age time.Duration, remove RemoveFile) error {
	return s.transact(ctx, fmt.Sprintf("forget image %d, which is too old", id), func(tx *sql.Tx) error {
		paths, err := query(ctx, tx, scanName, selectExpiredForUpdate, id, age.Microseconds())
		if err != nil || len(paths) == 0 {
			return err
		}
		if err := remove(ctx, paths[0]); err != nil {
			return err
		}
		if err := forgetImage(ctx, tx, id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, deleteValuesOfImage, id)
		return err
	})
}
