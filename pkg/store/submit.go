package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
)

// Submission is a path's row after it was submitted.
type Submission struct {
	ID     int64
	Path   string
	Round  int64
	Status lineup.Status
	Known  bool // the path was known before
	Queued bool // a hint of this round was put on the queue before
}

// Submit makes sure that every path has a row, and that one whose picture failed
// is pending again, in a new round. It answers in the order of paths, all or
// nothing; a path may stand among them twice.
func (s *Store) Submit(ctx context.Context, paths []string) ([]Submission, error) {
	distinct := slices.Compact(slices.Sorted(slices.Values(paths))) // one order of locking for all
	byPath := make(map[string]Submission, len(distinct))
	err := s.transact(ctx, "submit pictures", func(tx *sql.Tx) error {
		clear(byPath)
		for chunk := range slices.Chunk(distinct, maxValues) {
			if err := submit(ctx, tx, chunk, byPath); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	submissions := make([]Submission, len(paths))
	for i, path := range paths {
		submissions[i] = byPath[path]
	}
	return submissions, nil
}

// errRowMissing says that the database accepted a row and does not have it: a
// server other than MariaDB may miscount ids as insertImagesKnown tells, whichever
// column is set there.
var errRowMissing = errors.New("an inserted row is not there")

const (
	selectKnown = `
		SELECT path
		FROM images
		WHERE path IN `

	insertImages = `
		INSERT INTO images (path, created_at, updated_at)
		VALUES `
	insertImagesRow = `(?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`
	// Another may have submitted the same path in between. Not INSERT IGNORE: that
	// forgives much more. Not id=id: the server would count on from that id for the
	// rows behind, and take such a row for a duplicate where another has the number.
	insertImagesKnown = `
		ON DUPLICATE KEY UPDATE round = round`

	updateFailed = `
		UPDATE images
		SET status = '` + pending + `',
			round = round + 1,
			reason = NULL,
			attempts = 0,
			retry_at = NULL,
			queued_at = NULL,
			announced_at = NULL,
			updated_at = UTC_TIMESTAMP(6)
		WHERE status = '` + failed + `'
			AND path IN `

	selectSubmitted = `
		SELECT
			id,
			path,
			round,
			status,
			queued_at IS NOT NULL
		FROM images
		WHERE path IN `
)

func submit(ctx context.Context, tx *sql.Tx, paths []string, byPath map[string]Submission) error {
	list, args := placeholders(paths)
	// Asked first: an INSERT that finds its row there uses up an id all the same.
	known, err := query(ctx, tx, scanString, selectKnown+list, args...)
	if err != nil {
		return err
	}
	var rows []string
	var unknown []any
	for _, path := range paths {
		if !slices.Contains(known, path) {
			rows, unknown = append(rows, insertImagesRow), append(unknown, path)
		}
	}
	if len(rows) > 0 {
		if _, err := tx.ExecContext(ctx, insertImages+strings.Join(rows, ", ")+insertImagesKnown, unknown...); err != nil {
			return err
		}
	}
	if len(known) > 0 {
		if _, err := tx.ExecContext(ctx, updateFailed+list, args...); err != nil {
			return err
		}
	}
	submissions, err := query(ctx, tx, scanSubmission, selectSubmitted+list, args...)
	if err == nil && len(submissions) < len(paths) {
		err = errRowMissing
	}
	for _, submission := range submissions {
		submission.Known = slices.Contains(known, submission.Path)
		byPath[submission.Path] = submission
	}
	return err
}

func scanSubmission(rows *sql.Rows) (sub Submission, err error) {
	err = rows.Scan(&sub.ID, &sub.Path, &sub.Round, &sub.Status, &sub.Queued)
	return sub, err
}
