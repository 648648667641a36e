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

// past is what a picture's row knows of its way.
type past struct {
	created, updated         time.Time
	queued, retry, looked    sql.NullTime
	status                   lineup.Status
	reason                   sql.NullString
	round, attempts, revised int64
}

func scanPast(rows *sql.Rows) ([]Event, error) {
	var p past
	if err := rows.Scan(&p.created, &p.queued, &p.retry, &p.looked, &p.updated, &p.status, &p.reason, &p.round, &p.attempts, &p.revised); err != nil {
		return nil, err
	}
	if p.status.Final() && p.revised == 0 { // also of one that was looked at before the column was there
		p.looked = sql.NullTime{Time: p.updated, Valid: true}
	}
	return p.events(), nil
}

func (p past) events() []Event {
	events := []Event{{At: p.created, What: "received"}}
	add := func(at time.Time, what, detail string) {
		events = append(events, Event{At: at, What: what, Detail: detail, Round: p.round})
	}
	if p.queued.Valid && !p.status.Final() { // a later hint than this has the result announced
		add(p.queued.Time, "hinted", "")
	}
	if p.looked.Valid && !p.status.Final() {
		events = append(events, Event{At: p.looked.Time, What: eventResult}) // of a round before
	}
	switch {
	case p.status.Final() && p.revised > 0:
		if p.looked.Valid { // what came of it the row does not know any more
			add(p.looked.Time, eventResult, "")
		}
		add(p.updated, eventRevised, lastly(p.status, p.reason.String))
	case p.status.Final():
		add(p.updated, eventResult, lastly(p.status, p.reason.String))
	case p.status == lineup.Processing:
		add(p.updated, eventTried, fmt.Sprintf("is looked at, try %d", p.attempts+1))
	case p.retry.Valid:
		add(p.retry.Time, "retry", fmt.Sprintf("is to be tried again, after %d tries that failed", p.attempts))
	}
	return events
}
