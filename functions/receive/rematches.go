package main

import (
	"context"
	"log/slog"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/queue"
	"lineup.dev/lineup/pkg/store"
)

// rematchTime is how long planning and the hints may take.
const rematchTime = time.Minute

// rematcher has the faces compared again of pictures that were looked at before the
// gallery changed.
type rematcher struct {
	queue  *queue.Queue
	topic  string
	store  *store.Store
	log    *slog.Logger
	filler interface {
		fillTopic(ctx context.Context, topic string, hints dueHints) (published int, err error)
	}
	// moved holds one element when the gallery changed since the last plan.
	moved chan struct{}
}

func newRematcher(q *queue.Queue, topic string, db *store.Store, s *sweeper, log *slog.Logger) *rematcher {
	return &rematcher{queue: q, topic: topic, store: db, filler: s, log: log, moved: make(chan struct{}, 1)}
}

// galleryMoved is called after a write that can move an answer. It does not wait: of many
// writes at once one plan is made. Should that be lost, a ping makes it.
func (r *rematcher) galleryMoved() {
	select {
	case r.moved <- struct{}{}:
	default:
	}
}

// run plans after writes until ctx ends.
func (r *rematcher) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.moved:
		}
		if err := r.now(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn("faces are not compared with the gallery again yet, the next ping sees to it", "error", err)
		}
	}
}

func (r *rematcher) now(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, rematchTime)
	defer cancel()
	if err := r.plan(ctx); err != nil {
		return err
	}
	_, err := r.filler.fillTopic(ctx, r.topic, r)
	return err
}

func (r *rematcher) plan(ctx context.Context) error {
	ranges, err := r.store.PlanRematches(ctx)
	if ranges > 0 {
		r.log.Info("faces are to be compared with the gallery again", "ranges", ranges)
	}
	return err
}

// publishDue publishes the hints of up to limit re-matches that are due.
func (r *rematcher) publishDue(ctx context.Context, age time.Duration, limit int) (published int, err error) {
	due, err := r.store.DueRematches(ctx, age, limit)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	err = publishHints(ctx, r.queue, r.topic, due, func(d store.Rematch) (cloudevents.Event, error) {
		return event.RematchSubmitted(event.RematchData{FirstImage: d.FirstImage, GalleryState: d.GalleryState}, event.Trace{})
	})
	if err != nil {
		return 0, err
	}
	first := make([]int64, len(due))
	for i, d := range due {
		first[i] = d.FirstImage
	}
	return len(due), r.store.MarkRematchesQueued(ctx, first)
}
