package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A folder's walk is like a picture's look: whoever has the claim does it. Of each batch
// the position is written last, so that a walk that is broken off anywhere goes on with the
// batch that was not done, and to do one twice changes nothing.

// Walk is the right to walk a folder, and where to begin.
type Walk struct {
	ID       int64
	Path     string
	Position string // the name behind which it goes on
	Found    int64  // names come upon so far
	// Unreadable, which the walker sets, tells that a folder was passed over.
	Unreadable bool

	number int64
	token  string
	lease  time.Duration
}

const (
	selectFolderPosted = `
		SELECT
			id,
			found
		FROM folders
		WHERE path = ?`

	insertFolder = `
		INSERT INTO folders (path, created_at)
		VALUES (?, UTC_TIMESTAMP(6))
		ON DUPLICATE KEY UPDATE walk = walk`

	// What was finished is walked anew; what is being walked, once more afterwards. That
	// it was finished is forgotten last: MySQL's assignments see those to their left.
	updateFolderPosted = `
		UPDATE folders
		SET again = IF(finished_at IS NULL AND (position <> '' OR claim IS NOT NULL), 1, 0),
			walk = IF(finished_at IS NULL, walk, walk + 1),
			found = IF(finished_at IS NULL, found, 0),
			problem = IF(finished_at IS NULL, problem, NULL),
			unreadable = IF(finished_at IS NULL, unreadable, 0),
			position = IF(finished_at IS NULL, position, ''),
			worked_at = IF(finished_at IS NULL, worked_at, NULL),
			finished_at = NULL
		WHERE path = ?`
)

// PostedFolder is a folder's row after it was submitted.
type PostedFolder struct {
	ID    int64
	Found int64 // names that the walk under way has come upon
	Known bool  // the folder was known before
}

// SubmitFolder makes sure that the folder has a row and waits to be walked from its
// beginning.
func (s *Store) SubmitFolder(ctx context.Context, path string) (f PostedFolder, err error) {
	err = s.transact(ctx, "submit folder", func(tx *sql.Tx) error {
		known, err := query(ctx, tx, scanPostedFolder, selectFolderPosted, path)
		if err != nil {
			return err
		}
		statement := insertFolder
		if len(known) > 0 {
			statement = updateFolderPosted
		}
		if _, err := tx.ExecContext(ctx, statement, path); err != nil {
			return err
		}
		posted, err := query(ctx, tx, scanPostedFolder, selectFolderPosted, path)
		if err == nil && len(posted) == 0 {
			err = errRowMissing
		}
		if err != nil {
			return err
		}
		f = posted[0]
		f.Known = len(known) > 0
		return nil
	})
	return f, err
}

func scanPostedFolder(rows *sql.Rows) (f PostedFolder, err error) {
	err = rows.Scan(&f.ID, &f.Found)
	return f, err
}

// A lease that lies beyond the horizon was written by hand and counts as over, as a
// picture's.
const (
	freeFolder = `finished_at IS NULL
			AND (lease_until BETWEEN UTC_TIMESTAMP(6) AND UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND) IS NOT TRUE`

	selectDueFolders = `
		SELECT
			id,
			path
		FROM folders
		WHERE ` + freeFolder + `
		ORDER BY worked_at
		LIMIT ?`

	updateFolderClaim = `
		UPDATE folders
		SET claim = ?,
			lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND,
			worked_at = UTC_TIMESTAMP(6)
		WHERE id = ?
			AND ` + freeFolder

	selectFolderClaim = `
		SELECT
			id,
			path,
			position,
			found,
			walk
		FROM folders
		WHERE id = ?
			AND claim = ?`
)

// DueFolder is a folder that waits to be walked.
type DueFolder struct {
	ID   int64
	Path string
}

// DueFolders gives up to limit folders whose walk nobody is at, those that were left
// alone longest first.
func (s *Store) DueFolders(ctx context.Context, limit int) (due []DueFolder, err error) {
	err = s.do(ctx, "find folders that are due", func() error {
		due, err = query(ctx, s.db, scanDueFolder, selectDueFolders, Horizon.Microseconds(), limit)
		return err
	})
	return due, err
}

func scanDueFolder(rows *sql.Rows) (f DueFolder, err error) {
	err = rows.Scan(&f.ID, &f.Path)
	return f, err
}

// ClaimFolder takes the folder's walk for the time of the lease, Horizon at most, which
// every batch renews. ErrClaimLost says that another is at it, or that it is finished.
func (s *Store) ClaimFolder(ctx context.Context, id int64, lease time.Duration) (Walk, error) {
	w := Walk{token: rand.Text(), lease: min(lease, Horizon)}
	what := fmt.Sprintf("claim folder %d", id)
	won, err := s.exec(ctx, what, updateFolderClaim, w.token, w.lease.Microseconds(), id, Horizon.Microseconds())
	if err != nil {
		return Walk{}, err
	}
	if won == 0 {
		return Walk{}, ErrClaimLost
	}
	err = s.do(ctx, what, func() error {
		return s.db.QueryRowContext(ctx, selectFolderClaim, id, w.token).Scan(&w.ID, &w.Path, &w.Position, &w.Found, &w.number)
	})
	return w, err
}

const (
	updateFolderLease = `
		UPDATE folders
		SET lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
		WHERE id = ?
			AND claim = ?`

	insertFolderImages = `
		INSERT INTO folder_images (folder_id, image_id, walk)
		VALUES `
	insertFolderImagesRow   = `(?, ?, ?)`
	insertFolderImagesKnown = `
		ON DUPLICATE KEY UPDATE walk = ?`
)

// SubmitWalked submits pictures that the walk has come upon, as Submit does, and keeps
// that they are the folder's. It does not move the walk: MoveWalk does, when all is done
// with them. The answer is in the order of the distinct paths. ErrClaimLost when another
// has the walk by now.
func (s *Store) SubmitWalked(ctx context.Context, w Walk, pictures []Posted) (submissions []Submission, err error) {
	distinct := distinctPictures(pictures)
	err = s.transact(ctx, fmt.Sprintf("submit pictures of folder %d", w.ID), func(tx *sql.Tx) error {
		renewed, err := tx.ExecContext(ctx, updateFolderLease, w.lease.Microseconds(), w.ID, w.token)
		if err != nil {
			return err
		}
		if n, err := renewed.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrClaimLost)
		}
		submissions = submissions[:0]
		for chunk := range slices.Chunk(distinct, maxPictures) {
			byPath := make(map[string]Submission, len(chunk))
			if err := submit(ctx, tx, chunk, byPath); err != nil {
				return err
			}
			if err := w.link(ctx, tx, byPath); err != nil {
				return err
			}
			for _, picture := range chunk {
				submissions = append(submissions, byPath[picture.Path])
			}
		}
		return nil
	})
	return submissions, err
}

// link notes that the walk has come upon the pictures.
func (w Walk) link(ctx context.Context, tx *sql.Tx, pictures map[string]Submission) error {
	rows, args := make([]string, 0, len(pictures)), make([]any, 0, 3*len(pictures)+1)
	for _, picture := range pictures {
		rows, args = append(rows, insertFolderImagesRow), append(args, w.ID, picture.ID, w.number)
	}
	_, err := tx.ExecContext(ctx, insertFolderImages+strings.Join(rows, ", ")+insertFolderImagesKnown, append(args, w.number)...)
	return err
}

const (
	updateFolderPosition = `
		UPDATE folders
		SET position = ?,
			found = found + ?,
			problem = NULL,
			unreadable = GREATEST(unreadable, ?),
			lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
		WHERE id = ?
			AND claim = ?`

	// That it was posted again is forgotten last.
	updateFolderFinished = `
		UPDATE folders
		SET finished_at = IF(again, NULL, UTC_TIMESTAMP(6)),
			walk = walk + again,
			found = IF(again, 0, found),
			position = '',
			problem = NULL,
			unreadable = IF(again, 0, GREATEST(unreadable, ?)),
			claim = NULL,
			lease_until = NULL,
			again = 0
		WHERE id = ?
			AND claim = ?`

	updateFolderReleased = `
		UPDATE folders
		SET unreadable = GREATEST(unreadable, ?),
			problem = ?,
			claim = NULL,
			lease_until = NULL
		WHERE id = ?
			AND claim = ?`
)

// MoveWalk notes that the walk has come to the position, upon so many more names.
// ErrClaimLost as SubmitWalked.
func (s *Store) MoveWalk(ctx context.Context, w *Walk, position string, found int) error {
	err := s.updateWalk(ctx, *w, updateFolderPosition, position, found, w.Unreadable, w.lease.Microseconds(), w.ID, w.token)
	if err == nil {
		w.Position, w.Found = position, w.Found+int64(found)
	}
	return err
}

// FinishWalk ends a walk that came to the folder's end. ErrClaimLost as SubmitWalked.
func (s *Store) FinishWalk(ctx context.Context, w Walk) error {
	return s.updateWalk(ctx, w, updateFolderFinished, w.Unreadable, w.ID, w.token)
}

// ReleaseWalk leaves the rest of the walk to the next who claims it; problem says why it
// cannot go on now, if it cannot. ErrClaimLost as SubmitWalked.
func (s *Store) ReleaseWalk(ctx context.Context, w Walk, problem string) error {
	text := sql.NullString{String: truncate(problem, ReasonWidth), Valid: problem != ""}
	return s.updateWalk(ctx, w, updateFolderReleased, w.Unreadable, text, w.ID, w.token)
}

func (s *Store) updateWalk(ctx context.Context, w Walk, statement string, args ...any) error {
	return s.execClaimed(ctx, fmt.Sprintf("write the walk of folder %d", w.ID), statement, args...)
}
