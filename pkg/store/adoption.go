package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Photos that a hand put into the gallery's folder or bucket are adopted. Its files are
// listed in pages, in the order of their names, and each page is compared with the rows:
// memory does not grow with the gallery. The position is written behind each page, so that
// a listing that is broken off goes on there.

// Adoption is the right to list the gallery, and where to begin.
type Adoption struct {
	Position   string // the name behind which the listing goes on
	Listed     int64  // files come upon so far
	Refused    int64  // of these, whose names nobody can be called by
	Withheld   int64  // and those under the names of erased photos, which they are or may be
	Unreadable int64  // folders come upon that may not be read

	token string
}

// AdoptionStats is what the last listings of the gallery came to.
type AdoptionStats struct {
	At         *time.Time `json:"at"`         // when the last one came to its end; nil before the first
	Listed     int64      `json:"listed"`     // files that it found
	Refused    int64      `json:"refused"`    // of these, whose names nobody can be called by
	Withheld   int64      `json:"withheld"`   // and those under the names of erased people's photos, which they are or may be
	Unreadable int64      `json:"unreadable"` // folders that may not be read, whose files are not among the listed
	Problem    string     `json:"problem"`    // why the gallery cannot be listed now; empty where it can
	Since      *time.Time `json:"since"`      // since when
}

const (
	updateAdoptionClaim = `
		UPDATE adoption
		SET claim = ?,
			lease_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
		WHERE id = 1
			AND (lease_until BETWEEN UTC_TIMESTAMP(6) AND UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND) IS NOT TRUE
			AND (position = '' AND finished_at BETWEEN UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND AND UTC_TIMESTAMP(6)) IS NOT TRUE`

	selectAdoption = `
		SELECT
			position,
			listed,
			refused,
			withheld,
			unreadable
		FROM adoption
		WHERE id = 1
			AND claim = ?`

	updateAdoptionMoved = `
		UPDATE adoption
		SET position = ?,
			listed = ?,
			refused = ?,
			withheld = ?,
			unreadable = ?
		WHERE id = 1
			AND claim = ?`

	updateAdoptionFinished = `
		UPDATE adoption
		SET last_listed = ?,
			last_refused = ?,
			last_withheld = ?,
			last_unreadable = ?,
			finished_at = UTC_TIMESTAMP(6),
			problem = NULL,
			problem_at = NULL,
			position = '',
			listed = 0,
			refused = 0,
			withheld = 0,
			unreadable = 0
		WHERE id = 1
			AND claim = ?`

	// Since when it is so stays while the problem is the same.
	updateAdoptionProblem = `
		UPDATE adoption
		SET problem_at = IF(problem <=> ?, problem_at, UTC_TIMESTAMP(6)),
			problem = ?,
			position = '',
			listed = 0,
			refused = 0,
			withheld = 0,
			unreadable = 0
		WHERE id = 1
			AND claim = ?`

	updateAdoptionReleased = `
		UPDATE adoption
		SET claim = NULL,
			lease_until = NULL
		WHERE id = 1
			AND claim = ?`
)

// ClaimAdoption gives the right to list the gallery; ok is false while another lists it,
// and within pause after a listing came to its end.
func (s *Store) ClaimAdoption(ctx context.Context, lease, pause time.Duration) (a Adoption, ok bool, err error) {
	a.token = rand.Text()
	won, err := s.exec(ctx, "claim the listing of the gallery", updateAdoptionClaim,
		a.token, min(lease, Horizon).Microseconds(), Horizon.Microseconds(), pause.Microseconds())
	if err != nil || won == 0 {
		return a, false, err
	}
	err = s.do(ctx, "read how far the listing of the gallery is", func() error {
		return s.db.QueryRowContext(ctx, selectAdoption, a.token).Scan(&a.Position, &a.Listed, &a.Refused, &a.Withheld, &a.Unreadable)
	})
	return a, err == nil, err
}

// MoveAdoption writes how far the listing came; ErrClaimLost when another lists by now.
func (s *Store) MoveAdoption(ctx context.Context, a Adoption) error {
	return s.execClaimed(ctx, "write how far the listing of the gallery is", updateAdoptionMoved, a.Position, a.Listed, a.Refused, a.Withheld, a.Unreadable, a.token)
}

// FinishAdoption writes that the listing came to its end.
func (s *Store) FinishAdoption(ctx context.Context, a Adoption) error {
	return s.execClaimed(ctx, "end the listing of the gallery", updateAdoptionFinished, a.Listed, a.Refused, a.Withheld, a.Unreadable, a.token)
}

// FailAdoption writes why the gallery cannot be listed; the next listing begins anew.
func (s *Store) FailAdoption(ctx context.Context, a Adoption, problem string) error {
	problem = truncate(problem, ReasonWidth)
	return s.execClaimed(ctx, "write why the gallery cannot be listed", updateAdoptionProblem, problem, problem, a.token)
}

// ReleaseAdoption ends the claim.
func (s *Store) ReleaseAdoption(ctx context.Context, a Adoption) error {
	_, err := s.exec(ctx, "let go of the listing of the gallery", updateAdoptionReleased, a.token)
	return err
}

const (
	selectAdoptable = `
		SELECT
			id,
			image_name,
			gone_at IS NOT NULL AND removed_at IS NULL
		FROM person_images
		WHERE image_name IN `

	insertAdopted = `
		INSERT INTO person_images (image_name, created_at)
		VALUES `

	// It is looked at again: what came back may show something else.
	updateFoundAgain = `
		UPDATE person_images
		SET state = '` + string(PhotoPending) + `',
			reason = NULL,
			similar_to = NULL,
			similar_photo = NULL,
			similarity = NULL,
			attempts = 0,
			claim = NULL,
			lease_until = NULL,
			retry_at = NULL,
			queued_at = NULL,
			gone_at = NULL
		WHERE gone_at IS NOT NULL
			AND removed_at IS NULL
			AND id IN `
)

// Adopt gives photos rows that have none, and those a chance again whose files were gone.
// They wait for hints then. It tells how many.
func (s *Store) Adopt(ctx context.Context, names []string) (waiting int, err error) {
	for chunk := range slices.Chunk(names, maxValues) {
		var some int
		err := s.transact(ctx, "adopt photos", func(tx *sql.Tx) (err error) {
			some, err = adopt(ctx, tx, chunk)
			return err
		})
		if err != nil {
			return waiting, err
		}
		waiting += some
	}
	return waiting, nil
}

func adopt(ctx context.Context, tx *sql.Tx, names []string) (waiting int, err error) {
	known := map[string]bool{}
	list, args := placeholders(names)
	again, err := query(ctx, tx, func(rows *sql.Rows) (id int64, err error) {
		var name string
		var gone bool
		if err := rows.Scan(&id, &name, &gone); err != nil {
			return 0, err
		}
		known[name] = true
		if !gone {
			return 0, nil
		}
		return id, nil
	}, selectAdoptable+list, args...)
	if err != nil {
		return 0, err
	}
	again = distinctIDs(again)
	if len(again) > 0 {
		list, args := placeholders(again)
		if _, err := tx.ExecContext(ctx, updateFoundAgain+list, args...); err != nil {
			return 0, err
		}
	}
	erased, err := Erased(ctx, tx, names)
	if err != nil {
		return 0, err
	}
	var added []any
	for _, name := range names {
		if _, is := erased[name]; !known[name] && !is {
			added = append(added, name)
		}
	}
	if len(added) == 0 {
		return len(again), nil
	}
	// One that another adds at this moment, to enrol somebody, is theirs.
	marks := strings.TrimSuffix(strings.Repeat("(?, UTC_TIMESTAMP(6)), ", len(added)), ", ")
	_, err = tx.ExecContext(ctx, insertAdopted+marks+" ON DUPLICATE KEY UPDATE id = id", added...)
	return len(added) + len(again), err
}

// PhotoFile is a photo that counts and has a file in the gallery.
type PhotoFile struct {
	ID        int64
	ImageName string
}

// A photo that is a face of a picture has no file there.
const (
	countingFiles = `
		FROM person_images
		WHERE face_id IS NULL
			AND removed_at IS NULL
			AND state IN ('` + string(PhotoUsable) + `', '` + string(PhotoUnchecked) + `')`

	selectPhotoFiles = `
		SELECT
			id,
			image_name` + countingFiles + `
			AND image_name > ?
			AND (image_name <= ? OR ?)
		ORDER BY image_name
		LIMIT ?`

	selectAnyPhotoFile = `
		SELECT id` + countingFiles + `
		LIMIT 1`
)

// PhotoFiles gives, in the order of their names, up to limit photos that count and whose
// files' names come behind after, and not behind last unless that is empty.
func (s *Store) PhotoFiles(ctx context.Context, after, last string, limit int) (files []PhotoFile, err error) {
	err = s.do(ctx, "read which photos have files", func() error {
		files, err = query(ctx, s.db, func(rows *sql.Rows) (f PhotoFile, err error) {
			err = rows.Scan(&f.ID, &f.ImageName)
			return f, err
		}, selectPhotoFiles, after, last, last == "", limit)
		return err
	})
	return files, err
}

// HasPhotoFiles tells whether any photo counts that has a file.
func (s *Store) HasPhotoFiles(ctx context.Context) (has bool, err error) {
	err = s.do(ctx, "look whether a photo has a file", func() error {
		found, err := query(ctx, s.db, scanID, selectAnyPhotoFile)
		has = len(found) > 0
		return err
	})
	return has, err
}

// goneReason is why a photo is unusable whose file is not there any more.
const goneReason = "its file is gone: put it back into the gallery, or remove the photo"

const updatePhotoGone = `
	UPDATE person_images
	SET state = '` + string(PhotoUnusable) + `',
		reason = ?,
		gone_at = UTC_TIMESTAMP(6)
	WHERE id IN `

// LosePhotos writes of photos that count that their files are gone.
func (s *Store) LosePhotos(ctx context.Context, ids []int64) error {
	return s.transact(ctx, fmt.Sprintf("write that the files of %d photos are gone", len(ids)), func(tx *sql.Tx) error {
		rows, err := lockPhotos(ctx, tx, ids)
		if err != nil {
			return err
		}
		var gone, moved []int64
		for _, row := range rows {
			if row.removed || row.State != PhotoUsable && row.State != PhotoUnchecked {
				continue
			}
			gone = append(gone, row.ID)
			if row.State == PhotoUsable {
				moved = append(moved, row.ID)
			}
		}
		for chunk := range slices.Chunk(gone, maxValues) {
			list, args := placeholders(chunk)
			if _, err := tx.ExecContext(ctx, updatePhotoGone+list, append([]any{goneReason}, args...)...); err != nil {
				return err
			}
		}
		if len(moved) == 0 {
			return nil
		}
		_, err = bumpGallery(ctx, tx, nil, moved)
		return err
	})
}
