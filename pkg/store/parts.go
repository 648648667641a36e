package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// Part is what a program last told of a part of the system: of itself, or of what it uses.
// Where a program runs several times, it is what any of them told last.
type Part struct {
	Name   string        `json:"name"`
	State  string        `json:"state"`
	Detail string        `json:"detail"` // empty where there is nothing to say
	Next   *time.Time    `json:"next"`   // when it is tried again, null where nothing is wrong
	Since  time.Time     `json:"since"`  // when it got this state
	At     time.Time     `json:"at"`     // when this was told
	Wait   time.Duration `json:"-"`      // until Next, as it is told; 0 for none
}

const (
	selectParts = `
		SELECT
			name,
			state,
			detail,
			next_at,
			since,
			told_at
		FROM parts
		ORDER BY name`

	// In this order: since is compared before the state is set.
	upsertParts = `
		INSERT INTO parts (name, state, detail, next_at, since, told_at)
		VALUES %s
		ON DUPLICATE KEY UPDATE
			since = IF(state = VALUES(state), since, VALUES(since)),
			state = VALUES(state),
			detail = VALUES(detail),
			next_at = VALUES(next_at),
			told_at = VALUES(told_at)`
	upsertPartsRow = `(?, ?, ?, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))`
)

// TellParts writes what is known of parts, for whoever asks how far everything is.
func (s *Store) TellParts(ctx context.Context, parts ...Part) error {
	if len(parts) == 0 {
		return nil
	}
	var args []any
	for _, p := range parts {
		wait := sql.NullInt64{Int64: p.Wait.Microseconds(), Valid: p.Wait > 0}
		args = append(args, truncate(p.Name, PartNameWidth), p.State, truncate(p.Detail, PartDetailWidth), wait)
	}
	rows := strings.TrimSuffix(strings.Repeat(upsertPartsRow+", ", len(parts)), ", ")
	_, err := s.exec(ctx, "tell of parts", fmt.Sprintf(upsertParts, rows), args...)
	return err
}

func readParts(ctx context.Context, q querier) ([]Part, error) {
	parts, err := query(ctx, q, func(rows *sql.Rows) (p Part, err error) {
		var next sql.NullTime
		if err = rows.Scan(&p.Name, &p.State, &p.Detail, &next, &p.Since, &p.At); next.Valid {
			p.Next = &next.Time
		}
		return p, err
	}, selectParts)
	return append([]Part{}, parts...), err // none is [] in JSON, not null
}
