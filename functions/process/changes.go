package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// changesBatch is how many changes are read at once.
const changesBatch = 100

// announceChanges tells of what hands changed of people, up to a change, and of what is left
// from before: in the order of the ids, so that each person's events come in the order of the
// changes. What cannot be told now is due at a ping. A change may be told of twice, where
// another instance is at it too.
func (a *announcer) announceChanges(ctx context.Context, upTo int64, trace event.Trace, log *slog.Logger) reply {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	held := map[int64]bool{} // people of whom an event was not accepted: their later ones wait for it
	for after := int64(0); ; {
		changes, err := a.store.UnannouncedChanges(ctx, after, upTo, changesBatch)
		switch {
		case err != nil:
		case a.enabled():
			err = a.tellChanges(ctx, changes, held, trace, log)
		default:
			err = a.markAll(ctx, changes)
		}
		switch {
		case errors.Is(err, errStop), ctx.Err() != nil:
			return replyDone
		case err != nil:
			return databaseFailed(log, err)
		case len(changes) < changesBatch:
			return replyDone
		}
		after = changes[len(changes)-1].ID
	}
}

// errStop says that the other events would not be accepted either.
var errStop = errors.New("the sink takes no events now")

// tellChanges tells of changes, and holds those back of people of whom an earlier one was not
// accepted.
func (a *announcer) tellChanges(ctx context.Context, changes []store.PeopleChange, held map[int64]bool, trace event.Trace, log *slog.Logger) error {
	for _, change := range changes {
		if slices.ContainsFunc(change.People, func(id int64) bool { return held[id] }) {
			hold(held, change.People)
			continue
		}
		if err := a.tellChange(ctx, change, trace); err != nil {
			report(ctx, log, err, "a change of a person is not announced yet, or will be once more", "change", change.ID)
			hold(held, change.People)
			if ctx.Err() != nil || a.pause.check() != nil {
				return errStop
			}
		}
	}
	return nil
}

// markAll notes of changes at once that nobody waits for their events.
func (a *announcer) markAll(ctx context.Context, changes []store.PeopleChange) error {
	ids := make([]int64, len(changes))
	for i, change := range changes {
		ids[i] = change.ID
	}
	return a.store.MarkChangesAnnounced(ctx, ids)
}

func hold(held map[int64]bool, people []int64) {
	for _, id := range people {
		held[id] = true
	}
}

// tellChange sends the event of a change, if it touches anybody, and marks it as announced.
func (a *announcer) tellChange(ctx context.Context, c store.PeopleChange, trace event.Trace) error {
	if len(c.People) > 0 {
		e, err := event.PersonChanged(changedData(c), c.At, trace)
		if err != nil {
			return err
		}
		if err := a.sendEvent(ctx, e); err != nil {
			return err
		}
	}
	return a.store.MarkChangesAnnounced(ctx, []int64{c.ID})
}

// changedData is what the event tells. Of who was erased there is no name any more, so that
// only ids are told.
func changedData(c store.PeopleChange) event.PersonChangedData {
	data := event.PersonChangedData{ID: c.ID, Action: string(c.Action), By: c.By, People: c.People, Image: c.Image, Face: c.Face}
	data.Person = lineup.Person{ID: c.People[0]}
	if c.Person != nil {
		data.Person = *c.Person
	}
	if c.Undoes != 0 {
		data.Undoes = &c.Undoes
	}
	return data
}
