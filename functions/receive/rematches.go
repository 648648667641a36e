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

// rematches has the faces compared again of pictures that were looked at before the
// gallery changed.
type rematches struct {
	queue *queue.Queue
	topic string
	store *store.Store
	log   *slog.Logger
}

func (r *rematches) plan(ctx context.Context) error {
	ranges, err := r.store.PlanRematches(ctx)
	if ranges > 0 {
		r.log.Info("faces are to be compared with the gallery again", "ranges", ranges)
	}
	return err
}

// publishDue publishes the hints of up to limit re-matches that are due.
func (r *rematches) publishDue(ctx context.Context, age time.Duration, limit int) (published int, err error) {
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
