package main

import (
	"context"
	"log/slog"

	"lineup.dev/lineup/pkg/queue"
	"lineup.dev/lineup/pkg/store"
)

// hinter publishes hints of many new pictures at once as long as the queue is not full.
// The rest stays due, and the sweeps publish it bit by bit.
type hinter struct {
	fill         int // hints in the queue beyond which it publishes none
	subscription queue.Subscription
	queue        backlogReader
	publisher    hintPublisher
	log          *slog.Logger
}

// hints are those that may be published still.
type hints struct {
	*hinter
	room int
}

// begin asks the queue for its room; there is none when it does not answer.
func (h *hinter) begin(ctx context.Context) *hints {
	backlog, err := h.queue.Backlog(ctx, h.subscription.Topic, h.subscription.Channel)
	if err != nil {
		h.log.Warn("hints not published, the next sweep will", "error", err)
		return &hints{h, 0}
	}
	return &hints{h, max(0, h.fill-backlog)}
}

// publish publishes the hints of the pictures that wait for one, as many as there is room for.
func (h *hints) publish(ctx context.Context, submissions []store.Submission) {
	var waiting []store.DueImage
	for _, s := range submissions {
		if len(waiting) < h.room && !s.Status.Final() && !s.Queued {
			waiting = append(waiting, store.DueImage{ID: s.ID, Round: s.Round, Path: s.Path})
		}
	}
	if len(waiting) == 0 {
		return
	}
	h.room -= len(waiting)
	if err := h.publisher.publish(ctx, waiting, nil); err != nil {
		h.room = 0
		h.log.Warn("hints not published, the next sweep will", "hints", len(waiting), "error", err)
		return
	}
	if err := h.publisher.stamp(ctx, waiting); err != nil {
		h.log.Warn("hints published but not stamped, they will be published twice", "hints", len(waiting), "error", err)
	}
}
