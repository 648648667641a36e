package main

import (
	"context"
	"encoding/json"
	"log/slog"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/queue"
	"lineup.dev/lineup/pkg/store"
)

// hint is a message that a picture waits to be looked at.
type hint struct {
	store.DueImage
	trace event.Trace
}

// hinter puts hints on the queue.
type hinter struct {
	queue *queue.Queue
	topic string
	store *store.Store
	log   *slog.Logger
}

// publish puts all of the hints on the queue, or answers with an error; some may be
// there all the same.
func (h hinter) publish(ctx context.Context, hints []hint) error {
	bodies := make([][]byte, len(hints))
	for i, hint := range hints {
		e, err := event.Submitted(hint.ID, hint.Round, hint.Path, hint.trace)
		if err != nil {
			return err
		}
		if bodies[i], err = json.Marshal(e); err != nil {
			return err
		}
	}
	return h.queue.Publish(ctx, h.topic, bodies...)
}

// stamp notes in their rows that the hints were given.
func (h hinter) stamp(ctx context.Context, hints []hint) error {
	ids := make([]int64, len(hints))
	for i, hint := range hints {
		ids[i] = hint.ID
	}
	return h.store.MarkQueued(ctx, ids)
}
