package main

import (
	"context"
	"log/slog"
	"sync"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/store"
)

// quota is how many hints of new pictures walks may publish still, all together, so that the
// queue is not flooded. The other pictures stay due, and the sweeps publish their hints bit by bit.
type quota struct {
	publisher hintPublisher
	log       *slog.Logger

	mu   sync.Mutex
	left int
}

// publish publishes the hints of the pictures that wait for one, as many as it may.
func (q *quota) publish(ctx context.Context, submissions []store.Submission) {
	waiting := q.take(submissions)
	if len(waiting) > 0 && !publishNew(ctx, q.publisher, waiting, nil, q.log) {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.left = 0
	}
}

func (q *quota) take(submissions []store.Submission) (waiting []store.Ref) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, s := range submissions {
		if q.left > 0 && s.Unhinted() {
			waiting = append(waiting, s.Ref)
			q.left--
		}
	}
	return waiting
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
