package main

import (
	"context"
	"encoding/json"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/queue"
	"lineup.dev/lineup/pkg/store"
)

// publisher puts hints on the queue: messages that a picture waits to be looked at.
type publisher struct {
	queue *queue.Queue
	topic string
	store *store.Store
}

// publish puts a hint of every picture on the queue, with the picture's trace by its
// id, if there is one. After an error some of them may be there.
func (p publisher) publish(ctx context.Context, waiting []store.Ref, traces map[int64]event.Trace) error {
	bodies := make([][]byte, len(waiting))
	for i, w := range waiting {
		e, err := event.Submitted(w.ID, w.Round, w.Path, traces[w.ID])
		if err != nil {
			return err
		}
		if bodies[i], err = json.Marshal(e); err != nil {
			return err
		}
	}
	return p.queue.Publish(ctx, p.topic, bodies...)
}

// stamp notes in the pictures' rows that their hints were published now.
func (p publisher) stamp(ctx context.Context, waiting []store.Ref) error {
	ids := make([]int64, len(waiting))
	for i, w := range waiting {
		ids[i] = w.ID
	}
	return p.store.MarkQueued(ctx, ids)
}
