package main

import (
	"context"
	"log/slog"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/store"
)

// quota is how many hints of a walk's new pictures may be published still, so that the
// queue is not flooded. The other pictures stay due, and the sweeps publish their hints bit by bit.
type quota struct {
	left      int
	publisher hintPublisher
	log       *slog.Logger
}

// publish publishes the hints of the pictures that wait for one, as many as it may.
func (q *quota) publish(ctx context.Context, submissions []store.Submission) {
	var waiting []store.Ref
	for _, s := range submissions {
		if len(waiting) < q.left && s.Unhinted() {
			waiting = append(waiting, s.Ref)
		}
	}
	if len(waiting) == 0 {
		return
	}
	q.left -= len(waiting)
	if !publishNew(ctx, q.publisher, waiting, nil, q.log) {
		q.left = 0
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
