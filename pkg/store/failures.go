package store

import (
	"context"
	"database/sql"

	"lineup.dev/lineup/pkg/lineup"
)

// Failures are failed pictures of one reason.
type Failures struct {
	Reason   string `json:"reason"`
	Pictures int64  `json:"pictures"`
	Newest   int64  `json:"newest"` // the id of the newest of them
}

// FailedAtOnce is how many failed pictures Failures groups at most, the newest.
const FailedAtOnce = 500

// shownFailures is how many reasons are told at most.
const shownFailures = 20

// The inner statement is bounded, and read by the index of statuses.
const selectFailures = `
	SELECT
		COALESCE(reason, ''),
		COUNT(*),
		MAX(id)
	FROM (
		SELECT
			id,
			reason
		FROM images FORCE INDEX (images_status)
		WHERE status = ?
		ORDER BY id DESC
		LIMIT ?
	) newest
	GROUP BY reason
	ORDER BY
		COUNT(*) DESC,
		MAX(id) DESC
	LIMIT ?`

// Failures tells why the newest failed pictures failed, the most frequent reason first.
func (s *Store) Failures(ctx context.Context) (reasons []Failures, err error) {
	err = s.do(ctx, "read why pictures failed", func() error {
		reasons, err = query(ctx, s.db, func(rows *sql.Rows) (f Failures, err error) {
			err = rows.Scan(&f.Reason, &f.Pictures, &f.Newest)
			return f, err
		}, selectFailures, lineup.Failed, FailedAtOnce, shownFailures)
		return err
	})
	return append([]Failures{}, reasons...), err // none is [] in JSON, not null
}
