package store

import (
	"context"
	"fmt"
	"slices"
)

const selectPendingPhotos = `
	SELECT id
	FROM person_images
	WHERE state = '` + string(PhotoPending) + `'
		AND removed_at IS NULL
		AND id IN `

// pendingOf gives the photos that a change set and that wait to be looked at.
func (s *Store) pendingOf(ctx context.Context, id int64) (pending []int64, err error) {
	err = s.do(ctx, fmt.Sprintf("read the photos of change %d", id), func() error {
		pending = nil
		settings, err := query(ctx, s.db, scanSetting, selectChangeValues, id)
		if err != nil {
			return err
		}
		_, _, photos, err := (&undoing{settings: settings}).subjects()
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(distinctIDs(photos), maxValues) {
			list, args := placeholders(chunk)
			some, err := query(ctx, s.db, scanID, selectPendingPhotos+list, args...)
			if err != nil {
				return err
			}
			pending = append(pending, some...)
		}
		return nil
	})
	return pending, err
}
