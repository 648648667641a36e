package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"lineup.dev/lineup/pkg/lineup"
)

// Event is something that happened to a picture.
type Event struct {
	At     time.Time `json:"at"`
	What   string    `json:"what"`   // received, hinted, tried, deferred, import, retry, result, revised or changed
	Detail string    `json:"detail"` // why, or what came of it; else empty
	Round  int64     `json:"round"`  // of the picture's ways to a result; 0 where it belongs to none
	Change *Change   `json:"change"` // what a hand did
}

const selectPast = `
	SELECT
		created_at,
		queued_at,
		retry_at,
		looked_at,
		updated_at,
		status,
		reason,
		round,
		attempts,
		revision
	FROM images
	WHERE id = ?
		AND status <> '` + deleted + `'`

const selectEvents = `
	SELECT
		happened_at,
		what,
		detail,
		round
	FROM image_events
	WHERE image_id = ?
	ORDER BY id DESC
	LIMIT ?`

// sameMoment is how long the transaction of a change takes at most: the answer that it leads
// to is written in it too, and before it.
const sameMoment = time.Second

// maxHistory is how many changes of a picture are told, and how many tries that failed,
// the newest.
const maxHistory = 1000

// History tells what happened to a picture, the oldest first. ErrNotFound when there is
// none. The usual way is told by the picture's own row, which costs no statement when it
// happens; only what is unusual was written down.
func (s *Store) History(ctx context.Context, id int64) (events []Event, err error) {
	err = s.do(ctx, fmt.Sprintf("read the history of picture %d", id), func() error {
		past, err := query(ctx, s.db, scanPast, selectPast, id)
		if err != nil || len(past) == 0 {
			return cmp.Or(err, ErrNotFound)
		}
		written, err := query(ctx, s.db, scanEvent, selectEvents, id, maxHistory)
		slices.Reverse(written)
		events = append(withoutKnown(past[0], written), written...)
		return err
	})
	if err != nil {
		return nil, err
	}
	changes, _, err := s.Changes(ctx, ChangeFilter{Image: id, Limit: maxHistory})
	var changed []Event
	for _, change := range changes {
		detail := string(change.Action)
		if change.Reason != "" {
			detail += ": " + change.Reason
		}
		changed = append(changed, Event{At: change.At, What: "changed", Detail: detail, Change: &change})
		afterItsCause(events, change.At)
	}
	slices.Reverse(changed)
	events = append(changed, events...)
	slices.SortStableFunc(events, func(a, b Event) int { return a.At.Compare(b.At) })
	return events, err
}

// afterItsCause has an answer that a change led to come after that.
func afterItsCause(events []Event, cause time.Time) {
	for i, e := range events {
		if e.What == eventRevised && cause.After(e.At) && cause.Sub(e.At) < sameMoment {
			events[i].At = cause
		}
	}
}

// withoutKnown leaves out of what the row tells the result that was written down as well.
func withoutKnown(past, written []Event) []Event {
	return slices.DeleteFunc(past, func(e Event) bool {
		return e.What == eventResult && slices.ContainsFunc(written, func(w Event) bool {
			return w.What == e.What && (w.Round == e.Round && w.Detail == e.Detail || e.Round == 0 && w.At.Sub(e.At).Abs() < sameMoment)
		})
	})
}

func scanEvent(rows *sql.Rows) (e Event, err error) {
	err = rows.Scan(&e.At, &e.What, &e.Detail, &e.Round)
	return e, err
}

// scanPast tells what a picture's row knows of its way.
func scanPast(rows *sql.Rows) (events []Event, err error) {
	var (
		created, updated time.Time
		queued, retry    sql.NullTime
		looked           sql.NullTime
		status           lineup.Status
		reason           sql.NullString
		round, attempts  int64
		revision         int64
	)
	if err := rows.Scan(&created, &queued, &retry, &looked, &updated, &status, &reason, &round, &attempts, &revision); err != nil {
		return nil, err
	}
	events = append(events, Event{At: created, What: "received"})
	if status.Final() && revision == 0 {
		looked = sql.NullTime{Time: updated, Valid: true}
	}
	// A later hint of one that has its result has that announced: it is no part of the way there.
	if queued.Valid && (!status.Final() || looked.Valid && !queued.Time.After(looked.Time)) {
		events = append(events, Event{At: queued.Time, What: "hinted", Round: round})
	}
	switch {
	case !looked.Valid:
	case !status.Final():
		events = append(events, Event{At: looked.Time, What: eventResult}) // of a round before
	case revision > 0: // what came of it the row does not know any more
		events = append(events, Event{At: looked.Time, What: eventResult, Round: round})
	}
	switch {
	case status.Final() && revision > 0:
		events = append(events, Event{At: updated, What: eventRevised, Detail: lastly(status, reason.String), Round: round})
	case status.Final():
		events = append(events, Event{At: updated, What: eventResult, Detail: lastly(status, reason.String), Round: round})
	case status == lineup.Processing:
		events = append(events, Event{At: updated, What: eventTried, Detail: fmt.Sprintf("is looked at, try %d", attempts+1), Round: round})
	case retry.Valid:
		events = append(events, Event{At: retry.Time, What: "retry", Detail: fmt.Sprintf("is to be tried again, after %d tries that failed", attempts), Round: round})
	}
	return events, nil
}
