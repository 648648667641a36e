package main

import (
	"context"
	"log/slog"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"go.opentelemetry.io/otel/attribute"

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
	return publishHints(ctx, p.queue, p.topic, waiting, func(w store.Ref) (cloudevents.Event, error) {
		return event.Submitted(w.ID, w.Round, w.Path, traces[w.ID])
	})
}

// stamp notes in the pictures' rows that their hints were published now.
func (p publisher) stamp(ctx context.Context, waiting []store.Ref) error {
	return p.store.MarkQueued(ctx, refIDs(waiting))
}

// unstamp notes that the pictures have no hint after all.
func (p publisher) unstamp(ctx context.Context, waiting []store.Ref, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unstampTime)
	defer cancel()
	if err := p.store.MarkUnhinted(ctx, refIDs(waiting)); err != nil {
		log.Warn("pictures without a hint are not due before HINT_AGE", "pictures", len(waiting), "error", err)
	}
}

// unstampTime is for a statement after the one for which the database's limit held.
const unstampTime = 15 * time.Second

func refIDs(pictures []store.Ref) []int64 {
	ids := make([]int64, len(pictures))
	for i, p := range pictures {
		ids[i] = p.ID
	}
	return ids
}

// photoHints puts hints on the queue that a person's photo waits to be looked at.
type photoHints struct {
	queue *queue.Queue
	topic string
	store *store.Store
	log   *slog.Logger
}

// publish puts a hint of every photo on the queue, and stamps their rows.
func (h photoHints) publish(ctx context.Context, ids []int64, trace event.Trace) error {
	if len(ids) == 0 {
		return nil
	}
	err := publishHints(ctx, h.queue, h.topic, ids, func(id int64) (cloudevents.Event, error) { return event.PhotoSubmitted(id, trace) })
	if err != nil {
		return err
	}
	return h.store.MarkPhotosQueued(ctx, ids)
}

// publishNew is publish for photos that were just enrolled, and tells whether all is done.
// On a failure the rows are due, and the follower or a sweep publishes them.
func (h photoHints) publishNew(ctx context.Context, ids []int64, trace event.Trace) bool {
	err := h.publish(ctx, ids, trace)
	if err == nil {
		return true
	}
	h.log.Warn("hints of photos not published, the next sweep will", "hints", len(ids), "error", err)
	if err := h.store.MarkPhotosUnhinted(ctx, ids); err != nil {
		h.log.Warn("photos without a hint are not due before HINT_AGE", "photos", len(ids), "error", err)
	}
	return false
}

// publishDue publishes the hints of up to limit photos that are due.
func (h photoHints) publishDue(ctx context.Context, age time.Duration, limit int) (published int, err error) {
	due, err := h.store.DuePhotos(ctx, age, limit)
	if err != nil {
		return 0, err
	}
	return len(due), h.publish(ctx, due, event.Trace{})
}

// publishHints puts the event that hint makes of each piece of work on the queue's topic.
// After an error some of them may be there.
func publishHints[T any](ctx context.Context, q *queue.Queue, topic string, work []T, hint func(T) (cloudevents.Event, error)) (err error) {
	var ends []func(error)
	defer func() {
		for _, end := range ends {
			end(err)
		}
		if err == nil {
			hints.Add(ctx, len(work), attribute.String("lineup.topic", topic))
		}
	}()
	bodies := make([][]byte, len(work))
	for i, piece := range work {
		e, err := hint(piece)
		if err != nil {
			return err
		}
		ends = append(ends, event.Sending(ctx, topic, &e))
		if bodies[i], err = event.Marshal(e); err != nil {
			return err
		}
	}
	return q.Publish(ctx, topic, bodies...)
}
