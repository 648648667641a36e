package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"lineup.dev/lineup/pkg/lineup"
)

// statementRows is how many rows one statement names at most.
const statementRows = 500

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
		for chunk := range slices.Chunk(distinct, statementRows) {
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

// errLostRow says that the database said yes to a row and does not have it.
// Servers without MariaDB's care count as said below whatever column is named.
var errLostRow = errors.New("an inserted row is not there")

func submit(ctx context.Context, tx *sql.Tx, paths []string, byPath map[string]Submission) error {
	list, args := in(paths)
	// Asked first: an INSERT that finds its row there uses up an id all the same.
	known, err := query(ctx, tx, scanString, "SELECT path FROM images WHERE path IN "+list, args...)
	if err != nil {
		return err
	}
	var unknown []any
	values := ""
	for _, path := range paths {
		if !slices.Contains(known, path) {
			unknown = append(unknown, path)
			values += ",(?,UTC_TIMESTAMP(6),UTC_TIMESTAMP(6))"
		}
	}
	if len(unknown) > 0 {
		// Another may have submitted the same path in between. Not INSERT IGNORE: that
		// forgives much more. Not id=id: the server would count on from that id for the
		// rows behind, and take such a row for a duplicate where another has the number.
		if _, err := tx.ExecContext(ctx, "INSERT INTO images (path, created_at, updated_at) VALUES "+values[1:]+
			" ON DUPLICATE KEY UPDATE round=round", unknown...); err != nil {
			return err
		}
	}
	if len(known) > 0 {
		if _, err := tx.ExecContext(ctx, `UPDATE images SET status='pending', round=round+1, reason=NULL, attempts=0,
			retry_at=NULL, queued_at=NULL, announced_at=NULL, updated_at=UTC_TIMESTAMP(6)
			WHERE status='failed' AND path IN `+list, args...); err != nil {
			return err
		}
	}
	rows, err := query(ctx, tx, func(rows *sql.Rows) (sub Submission, err error) {
		err = rows.Scan(&sub.ID, &sub.Path, &sub.Round, &sub.Status, &sub.Queued)
		return sub, err
	}, "SELECT id, path, round, status, queued_at IS NOT NULL FROM images WHERE path IN "+list, args...)
	if err == nil && len(rows) < len(paths) {
		err = errLostRow
	}
	for _, row := range rows {
		row.Known = slices.Contains(known, row.Path)
		byPath[row.Path] = row
	}
	return err
}

// MarkQueued stamps the pictures as hinted just now.
func (s *Store) MarkQueued(ctx context.Context, ids []int64) error {
	for chunk := range slices.Chunk(ids, statementRows) {
		list, args := in(chunk)
		if _, err := s.exec(ctx, "mark pictures as queued",
			"UPDATE images SET queued_at=UTC_TIMESTAMP(6) WHERE id IN "+list, args...); err != nil {
			return err
		}
	}
	return nil
}

// DueImage is a picture that a hint should be given of.
type DueImage struct {
	ID    int64
	Round int64
	Path  string
}

// Due gives up to limit pictures that wait for a hint, the longest waiting first:
//   - pending and never queued;
//   - pending, free to be claimed, hinted longer than age ago, or before the time
//     of its retry, which has come;
//   - processing with a lease that ran out, hinted before that or longer than age ago;
//   - final and not announced for age.
//
// A time of the past that lies ahead is none: it was written by hand, or before the
// database's clock was put back.
func (s *Store) Due(ctx context.Context, age time.Duration, limit int) (hints []DueImage, err error) {
	fresh := func(column string) string {
		return fmt.Sprintf("(%[1]s > UTC_TIMESTAMP(6) - INTERVAL %[2]d MICROSECOND AND %[1]s <= UTC_TIMESTAMP(6))", column, age.Microseconds())
	}
	over := func(column string) string {
		return fmt.Sprintf("queued_at < %[1]s AND %[1]s <= UTC_TIMESTAMP(6)", column)
	}
	// Every such row has no announced_at, and few others do: one index range.
	due := `SELECT id, round, path FROM images
		WHERE announced_at IS NULL AND (
			status='pending' AND ` + ahead("retry_at") + ` IS NOT TRUE AND (` + fresh("queued_at") + ` IS NOT TRUE OR ` + over("retry_at") + `)
			OR status='processing' AND ` + ahead("lease_until") + ` IS NOT TRUE AND (` + fresh("queued_at") + ` IS NOT TRUE OR ` + over("lease_until") + `)
			OR status IN ('identified','unknown','failed') AND ` + fresh("updated_at") + ` IS NOT TRUE AND ` + fresh("queued_at") + ` IS NOT TRUE)
		ORDER BY queued_at, id LIMIT ?`
	err = s.do(ctx, "find pictures that are due", func() error {
		hints, err = query(ctx, s.db, func(rows *sql.Rows) (h DueImage, err error) {
			err = rows.Scan(&h.ID, &h.Round, &h.Path)
			return h, err
		}, due, limit)
		return err
	})
	return hints, err
}

func scanString(rows *sql.Rows) (s string, err error) {
	err = rows.Scan(&s)
	return s, err
}
