package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Of changes that cannot be undone.
var (
	ErrFinal          = errors.New("a picture was deleted, which cannot be undone; next: post it again")
	ErrContentChanged = errors.New("the picture's content changed, and no longer shows the face, so that this cannot be undone; next: say it of a face that the picture shows now")
)

const (
	selectPathForUpdate = `
		SELECT path
		FROM images
		WHERE id = ?
			AND status <> '` + deleted + `'
		FOR UPDATE`

	// A path that nobody can post is the row's own.
	updateDeleted = `
		UPDATE images
		SET path = CONCAT(CHAR(0), id),
			file_name = NULL,
			shown_name = '',
			status = '` + deleted + `',
			person_id = NULL,
			reason = NULL,
			warning = NULL,
			content = NULL,
			faces_content = NULL,
			regions_read = NULL,
			thumbnail = NULL,
			large = NULL,
			stored_width = NULL,
			stored_height = NULL,
			orientation = NULL,
			looked_at = NULL,
			prior_claim = NULL,
			answered = 0,
			claim = NULL,
			lease_until = NULL,
			retry_at = NULL,
			reposted_at = NULL,
			announced_at = UTC_TIMESTAMP(6),
			updated_at = UTC_TIMESTAMP(6)
		WHERE id = ?`

	deleteFacesOf = `
		DELETE FROM faces
		WHERE image_id = ?`
)

// RemoveFile removes the file of a picture. Its row is held meanwhile, so that nobody posts
// the path again before the file is gone.
type RemoveFile func(ctx context.Context, path string) error

// DeleteImage forgets a picture, its faces and why tries failed, for good, by a change,
// once remove is done with its file. The row stays without it, so that a late hint
// or result ends well. What was made of the picture is among Leftovers then. ErrNotFound when
// there is none.
func (s *Store) DeleteImage(ctx context.Context, id int64, by string, remove RemoveFile) (made int64, err error) {
	err = s.transact(ctx, fmt.Sprintf("delete image %d", id), func(tx *sql.Tx) error {
		path, err := lockImage(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := remove(ctx, path); err != nil {
			return err
		}
		if err := forgetImage(ctx, tx, id); err != nil {
			return err
		}
		made, err = record(ctx, tx, change{
			By: by, Action: ActionDelete, Image: id,
			Values: []changeValue{{Subject: subject("image", id, "removed"), Before: false, After: true}},
		})
		return err
	})
	return made, err
}

// WhileThere does something with the path of a picture that nobody deletes meanwhile.
// ErrNotFound when somebody did.
func (s *Store) WhileThere(ctx context.Context, id int64, do func(ctx context.Context, path string) error) error {
	return s.transact(ctx, fmt.Sprintf("hold image %d", id), func(tx *sql.Tx) error {
		path, err := lockImage(ctx, tx, id)
		if err != nil {
			return err
		}
		return do(ctx, path)
	})
}

// lockImage holds a picture's row and gives its path. ErrNotFound when it was deleted.
func lockImage(ctx context.Context, tx *sql.Tx, id int64) (path string, err error) {
	err = tx.QueryRowContext(ctx, selectPathForUpdate, id).Scan(&path)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return path, err
}

// forgetImage makes a tombstone of a picture's row, which is held.
func forgetImage(ctx context.Context, tx *sql.Tx, id int64) error {
	if err := leaveDerived(ctx, tx, id); err != nil {
		return err
	}
	for _, statement := range []string{updateDeleted, deleteFacesOf, deleteEventsOf} {
		if _, err := tx.ExecContext(ctx, statement, id); err != nil {
			return err
		}
	}
	return nil
}
