package main

import (
	"context"
	"log/slog"

	"lineup.dev/lineup/pkg/event"
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
	var waiting []store.Ref
	for _, s := range submissions {
		if len(waiting) < h.room && !s.Status.Final() && !s.Queued {
			waiting = append(waiting, s.Ref)
		}
	}
	if len(waiting) == 0 {
		return
	}
	h.room -= len(waiting)
	if !publishNew(ctx, h.publisher, waiting, nil, h.log) {
		h.room = 0
	}
}

// publishNew publishes and stamps the hints of new pictures, and tells whether they are on
// the queue. On a failure the rows stay due, and a sweep publishes them.
func publishNew(ctx context.Context, to hintPublisher, waiting []store.Ref, traces map[int64]event.Trace, log *slog.Logger) bool {
	if err := to.publish(ctx, waiting, traces); err != nil {
		log.Warn("hints not published, the next sweep will", "hints", len(waiting), "error", err)
		return false
	}
	if err := to.stamp(ctx, waiting); err != nil {
		log.Warn("hints published but not stamped, they will be published twice", "hints", len(waiting), "error", err)
	}
	return true
}
