package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/queue"
	"lineup.dev/lineup/pkg/store"
)

// sweepBatch is how many hints are published at once.
const sweepBatch = 500

// sweeper publishes again the hint of every picture that is due: the row is the
// truth, and whatever the queue lost is published from there.
type sweeper struct {
	SweepSettings
	subscription queue.Subscription // whose backlog counts
	queue        backlogReader
	rows         dueReader
	publisher    hintPublisher
	planner      interface{ plan(context.Context) error }            // what it plans before it gives hints
	others       map[string]dueHints                                 // other hints, by their topics
	comparer     interface{ compareReposted(context.Context) error } // what a ping does first
	folders      interface{ resume(context.Context) error }          // what it goes on with
	leftovers    interface{ remove(context.Context) error }          // what it tidies
	erased       interface{ resume(context.Context) error }          // likewise
	gallery      interface{ adopt(context.Context) error }           // where it looks for photos
	models       interface{ change(context.Context) error }          // what it has another model describe
	counts       interface{ Recount(context.Context) error }         // what it counts
	strangers    interface{ tidy(context.Context) error }            // where it makes room
	parts        interface{ tell(context.Context) error }            // what it tells of last
	log          *slog.Logger

	filling sync.Mutex // held while other hints are published

	mu   sync.Mutex // held during a sweep
	last time.Time  // end of the last sweep that succeeded
}

type backlogReader interface {
	Backlog(ctx context.Context, topic, channel string) (int, error)
}

type dueReader interface {
	Due(ctx context.Context, age time.Duration, limit int) ([]store.Ref, error)
	DueAgain(ctx context.Context, age time.Duration, limit int) ([]store.Ref, error)
}

// dueHints are hints of another kind than the pictures'.
type dueHints interface {
	publishDue(ctx context.Context, age time.Duration, limit int) (published int, err error)
}

type hintPublisher interface {
	publish(ctx context.Context, waiting []store.Ref, traces map[int64]event.Trace) error
	stamp(ctx context.Context, waiting []store.Ref) error
}

// sweep does nothing while another sweep runs, or soon after one.
func (s *sweeper) sweep(ctx context.Context) error {
	if !s.mu.TryLock() {
		return nil
	}
	defer s.mu.Unlock()
	if time.Since(s.last) < s.Interval {
		return nil
	}
	if err := s.comparer.compareReposted(ctx); err != nil {
		return err
	}
	published, err := s.fill(ctx)
	err = errors.Join(err, s.gallery.adopt(ctx), s.models.change(ctx))
	others, failed := s.fillOthers(ctx)
	published, err = published+others, errors.Join(err, failed)
	if published > 0 {
		s.log.Info("sweep published hints", "hints", published)
	}
	err = errors.Join(err, s.folders.resume(ctx), s.erased.resume(ctx), s.leftovers.remove(ctx), s.counts.Recount(ctx), s.strangers.tidy(ctx), s.parts.tell(ctx))
	if err == nil {
		s.last = time.Now()
	}
	return err
}

// fill publishes hints, those due longest first, until nothing is due or the queue is full.
// Half of the room is for pictures that were hinted before, if there are any.
func (s *sweeper) fill(ctx context.Context) (published int, err error) {
	backlog, err := s.queue.Backlog(ctx, s.subscription.Topic, s.subscription.Channel)
	if err != nil {
		return 0, err
	}
	for free := s.Fill - backlog; free > 0; free = s.Fill - backlog - published {
		again, err := s.publish(ctx, s.rows.DueAgain, (free+1)/2)
		published += again
		if err != nil {
			return published, err
		}
		due, err := s.publish(ctx, s.rows.Due, free-again)
		published += due
		if err != nil || due == 0 {
			return published, err
		}
	}
	return published, nil
}

// fillOthers plans re-matches, and is fill for the other topics.
func (s *sweeper) fillOthers(ctx context.Context) (published int, err error) {
	s.filling.Lock()
	defer s.filling.Unlock()
	err = s.planner.plan(ctx)
	for topic, hints := range s.others {
		n, failed := s.fillTopic(ctx, topic, hints)
		published, err = published+n, errors.Join(err, failed)
	}
	return published, err
}

// fillTopic is fill for hints of another topic.
func (s *sweeper) fillTopic(ctx context.Context, topic string, hints dueHints) (published int, err error) {
	backlog, err := s.queue.Backlog(ctx, topic, s.subscription.Channel)
	if err != nil {
		return 0, err
	}
	for free := s.Fill - backlog; free > 0; free = s.Fill - backlog - published {
		n, err := hints.publishDue(ctx, s.HintAge, min(free, sweepBatch))
		published += n
		if err != nil || n == 0 {
			return published, err
		}
	}
	return published, nil
}

// publish publishes one batch of what is due, up to limit.
func (s *sweeper) publish(ctx context.Context, find func(context.Context, time.Duration, int) ([]store.Ref, error), limit int) (published int, err error) {
	due, err := find(ctx, s.HintAge, min(limit, sweepBatch))
	if err != nil || len(due) == 0 {
		return 0, err
	}
	if err := s.publisher.publish(ctx, due, nil); err != nil {
		return 0, err
	}
	return len(due), s.publisher.stamp(ctx, due)
}
