package store

import (
	"context"
	"database/sql"

	"lineup.dev/lineup/pkg/lineup"
)

// What a picture's history has of its own. The usual way is not written down: the picture's
// row tells it.
const (
	eventTried    = "tried"    // a try failed
	eventDeferred = "deferred" // it waits for something that is no fault of its own
	eventResult   = "result"   // it failed for good, in a round that a later one makes the row forget
	eventRevised  = "revised"  // the answer became another one, by a hand or by the gallery
	eventImport   = "import"   // something that its metadata says was not taken over
)

const (
	insertEvent = `
		INSERT INTO image_events (image_id, happened_at, round, what, detail)
		VALUES (?, UTC_TIMESTAMP(6), ?, ?, ?)`

	selectLastEvent = `
		SELECT
			round,
			what,
			detail
		FROM image_events
		WHERE image_id = ?
		ORDER BY id DESC
		LIMIT 1`

	deleteEventsOf = `
		DELETE FROM image_events
		WHERE image_id = ?`
)

// unusual is something that happened to a picture in that round.
type unusual struct {
	round        int64
	what, detail string
}

// note writes it into the history of the picture, whose row is held.
func note(ctx context.Context, tx *sql.Tx, image int64, u unusual) error {
	_, err := tx.ExecContext(ctx, insertEvent, image, u.round, u.what, truncate(u.detail, ReasonWidth))
	return err
}

// lastly is how a result is told.
func lastly(status lineup.Status, reason string) string {
	if reason == "" {
		return string(status)
	}
	return truncate(string(status)+": "+reason, ReasonWidth)
}

// noteOnce is note, unless it is what happened last: a picture may wait for long.
func noteOnce(ctx context.Context, tx *sql.Tx, image int64, u unusual) error {
	u.detail = truncate(u.detail, ReasonWidth)
	last, err := query(ctx, tx, func(rows *sql.Rows) (last unusual, err error) {
		err = rows.Scan(&last.round, &last.what, &last.detail)
		return last, err
	}, selectLastEvent, image)
	if err != nil || len(last) > 0 && last[0] == u {
		return err
	}
	return note(ctx, tx, image, u)
}
