package store

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
)

// Posted is a picture as it is submitted.
type Posted struct {
	Path     string
	Other    string // another spelling of the path, under which a row may be; empty for none
	FileName string // what an upload is called; empty when nobody said
}

// Paths are pictures of which no more is said than their paths.
func Paths(paths ...string) []Posted {
	posted := make([]Posted, len(paths))
	for i, path := range paths {
		posted[i].Path = path
	}
	return posted
}

// Ref names a picture and its round: what a hint tells.
type Ref struct {
	ID    int64
	Round int64
	Path  string
}

// Submission is a path's row after it was submitted.
type Submission struct {
	Ref
	Status lineup.Status
	Known  bool // the path was known before
	Queued bool // a hint of this round was put on the queue before
	// Content tells the content of the file that was looked at in this round; empty when it
	// is not known, or there is no result yet.
	Content string
}

// Unhinted tells whether the picture waits for a hint.
func (s Submission) Unhinted() bool { return !s.Status.Final() && !s.Queued }

// Submit makes sure that every path has a row, and that one whose picture failed
// is pending again, in a new round. It answers in the order of the pictures, all or
// nothing; a path may stand among them twice. Of several names of an upload the newest
// is kept. Of one that is being looked at it notes that it was submitted again: see
// Reposted.
func (s *Store) Submit(ctx context.Context, pictures []Posted) ([]Submission, error) {
	distinct := distinctPictures(pictures)
	byPath, err := submitChunks(ctx, s, "submit pictures", distinct, maxPictures, submit)
	if err != nil {
		return nil, err
	}
	submissions := make([]Submission, len(pictures))
	for i, picture := range pictures {
		submissions[i] = byPath[picture.Path]
	}
	return submissions, nil
}

// submitChunks does what is to be done with pictures in one transaction, as many at a
// time as a statement can name, and gives what do puts down of each by its path.
func submitChunks[T any](ctx context.Context, s *Store, what string, pictures []T, most int, do func(context.Context, *sql.Tx, []T, map[string]Submission) error) (map[string]Submission, error) {
	byPath := make(map[string]Submission, len(pictures))
	err := s.transact(ctx, what, func(tx *sql.Tx) error {
		clear(byPath)
		for chunk := range slices.Chunk(pictures, most) {
			if err := do(ctx, tx, chunk, byPath); err != nil {
				return err
			}
		}
		return nil
	})
	return byPath, err
}

// maxPictures is how many pictures one statement names: each has two spellings.
const maxPictures = maxValues / 2

// distinctPictures gives every path once, the last of each, in one order of locking for all.
func distinctPictures(pictures []Posted) []Posted {
	newest := make(map[string]Posted, len(pictures))
	for _, picture := range pictures {
		newest[picture.Path] = picture
	}
	return slices.SortedFunc(maps.Values(newest), func(a, b Posted) int { return strings.Compare(a.Path, b.Path) })
}

// errRowMissing says that the database accepted a row and does not have it: a
// server other than MariaDB may miscount ids as insertImagesKnown tells, whichever
// column is set there.
var errRowMissing = errors.New("an inserted row is not there")

const (
	insertImages = `
		INSERT INTO images (path, file_name, shown_name, created_at, updated_at)
		VALUES `
	insertImagesRow = `(?, ?, ?, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`
	// Another may have submitted the same path in between. Not INSERT IGNORE: that
	// forgives much more. Not id=id: the server would count on from that id for the
	// rows behind, and take such a row for a duplicate where another has the number.
	insertImagesKnown = `
		ON DUPLICATE KEY UPDATE round = round`

	updateFileName = `
		UPDATE images
		SET file_name = ?,
			shown_name = ?
		WHERE path = ?`

	updateReposted = `
		UPDATE images
		SET reposted_at = UTC_TIMESTAMP(6)
		WHERE status = '` + processing + `'
			AND path IN `

	// What is known of the round before goes; its faces are shown no more, and give what
	// hands said of them to those of the next result.
	updateRound = `
		UPDATE images
		SET status = '` + pending + `',
			round = round + 1,
			revision = 0,
			answered = 0,
			person_id = NULL,
			reason = NULL,
			warning = NULL,
			content = NULL,
			attempts = 0,
			retry_at = NULL,
			reposted_at = NULL,
			queued_at = NULL,
			announced_at = NULL,
			updated_at = UTC_TIMESTAMP(6)`

	// submissionColumns are what scanSubmission reads.
	submissionColumns = `
			id,
			path,
			round,
			status,
			queued_at IS NOT NULL,
			content`
	selectSubmitted = `
		SELECT ` + submissionColumns + `
		FROM images
		WHERE path IN `
)

var updateFailed = updateRound + `
	WHERE status IN (` + failures() + `)
		AND path IN `

func submit(ctx context.Context, tx *sql.Tx, pictures []Posted, byPath map[string]Submission) error {
	known, err := readStored(ctx, tx, appendSpellings(nil, pictures))
	if err != nil {
		return err
	}
	paths := make([]string, len(pictures)) // of their rows
	var rows []string
	var unknown []any
	for i, picture := range pictures {
		row, there := known.row(picture)
		if paths[i] = row.Path; !there {
			paths[i] = picture.Path // which it gets
			rows, unknown = append(rows, insertImagesRow), append(unknown, picture.Path, nullable(picture.FileName), shownName(picture.Path, picture.FileName))
		}
	}
	if len(rows) > 0 {
		if _, err := tx.ExecContext(ctx, insertImages+strings.Join(rows, ", ")+insertImagesKnown, unknown...); err != nil {
			return err
		}
	}
	list, args := placeholders(paths)
	if len(known) > 0 {
		if err := rename(ctx, tx, pictures, known); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, updateFailed+list, args...); err != nil {
			return err
		}
		if known.anyProcessing() {
			if _, err := tx.ExecContext(ctx, updateReposted+list, args...); err != nil {
				return err
			}
		}
	}
	submissions, err := query(ctx, tx, scanSubmission, selectSubmitted+list, args...)
	if err != nil {
		return err
	}
	byRow := make(map[string]Submission, len(submissions))
	for _, submission := range submissions {
		_, submission.Known = known[submission.Path]
		byRow[submission.Path] = submission
	}
	for i, picture := range pictures {
		submission, there := byRow[paths[i]]
		if !there {
			return errRowMissing
		}
		byPath[picture.Path] = submission
	}
	return nil
}

// storedRows are the rows that are there, by their paths.
type storedRows map[string]storedRow

type storedRow struct {
	Submission
	fileName string
}

const selectStored = `
	SELECT ` + submissionColumns + `,
		file_name
	FROM images
	WHERE path IN `

// readStored asks before anything is inserted: an INSERT that finds its row there uses up an
// id all the same.
func readStored(ctx context.Context, q querier, spellings []string) (storedRows, error) {
	known := storedRows{}
	for chunk := range slices.Chunk(spellings, maxValues) {
		list, args := placeholders(chunk)
		if _, err := query(ctx, q, known.scan, selectStored+list, args...); err != nil {
			return nil, err
		}
	}
	return known, nil
}

func (k storedRows) scan(rows *sql.Rows) (row storedRow, err error) {
	var content, name sql.NullString
	err = rows.Scan(&row.ID, &row.Path, &row.Round, &row.Status, &row.Queued, &content, &name)
	row.Content, row.fileName, row.Known = content.String, name.String, true
	k[row.Path] = row
	return row, err
}

func appendSpellings(spellings []string, pictures []Posted) []string {
	for _, picture := range pictures {
		if spellings = append(spellings, picture.Path); picture.Other != "" {
			spellings = append(spellings, picture.Other)
		}
	}
	return spellings
}

// row is the picture's row, and whether it is there.
func (k storedRows) row(picture Posted) (storedRow, bool) {
	row, there := k[picture.Path]
	if !there && picture.Other != "" {
		row, there = k[picture.Other]
	}
	return row, there
}

func (k storedRows) anyProcessing() bool {
	for _, row := range k {
		if row.Status == lineup.Processing {
			return true
		}
	}
	return false
}

// rename gives the rows that are there their uploads' newest names.
func rename(ctx context.Context, tx *sql.Tx, pictures []Posted, known storedRows) error {
	for _, picture := range pictures {
		row, there := known.row(picture)
		if !there || picture.FileName == "" || row.fileName == picture.FileName {
			continue
		}
		if _, err := tx.ExecContext(ctx, updateFileName, picture.FileName, shownName(row.Path, picture.FileName), row.Path); err != nil {
			return err
		}
	}
	return nil
}

func scanSubmission(rows *sql.Rows) (sub Submission, err error) {
	var content sql.NullString
	err = rows.Scan(&sub.ID, &sub.Path, &sub.Round, &sub.Status, &sub.Queued, &content)
	sub.Content = content.String
	return sub, err
}
