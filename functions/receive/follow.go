package main

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/store"
)

// follower sees to what follows from a write, which would otherwise wait for a ping: that
// an answer changed by hand is announced, that faces are compared with the gallery as it
// is now, also those of pictures that were looked at just then, and that photos have their
// hints. It costs the writer no time. Should it be lost, pings do the same.
type follower struct {
	time   time.Duration // FOLLOW_TIME
	others interface {
		fillOthers(context.Context) (published int, err error)
	}
	rows      followedRows
	publisher hintPublisher // of pictures whose answer is to be announced, to a topic on which no pictures wait
	log       *slog.Logger

	wake    chan struct{} // holds one element when there was a write
	mu      sync.Mutex
	changed []int64 // pictures whose answer a hand changed
}

type followedRows interface {
	Unannounced(ctx context.Context, ids []int64) ([]store.Ref, error)
	PhotosPending(ctx context.Context) (bool, error)
}

func newFollower(wait time.Duration, others *sweeper, db *store.Store, p publisher, log *slog.Logger) *follower {
	return &follower{time: wait, others: others, rows: db, publisher: p, log: log, wake: make(chan struct{}, 1)}
}

// galleryMoved is called after a write that can move an answer, or by which one will be
// moved. It does not wait: many writes at once are followed as one.
func (f *follower) galleryMoved() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// answerChanged is galleryMoved after a hand changed a picture's faces.
func (f *follower) answerChanged(image int64) {
	f.mu.Lock()
	f.changed = append(f.changed, image)
	f.mu.Unlock()
	f.galleryMoved()
}

// run follows writes until ctx ends.
func (f *follower) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
			f.follow(ctx)
		}
	}
}

const (
	// roundTime is how long one round may take.
	roundTime = time.Minute
	// The pauses between rounds, and that they are so much longer than the round was: to plan
	// while a million faces wait to be compared again takes the database seconds.
	firstPause = time.Second
	lastPause  = 5 * time.Second
	restShare  = 10
)

// follow goes on for FOLLOW_TIME after the last write and the last hint that it gave, and
// while photos are pending: a picture may have been looked at meanwhile with the gallery as
// it was before, and a photo counts only once it was looked at.
func (f *follower) follow(ctx context.Context) {
	until := time.Now().Add(f.time)
	for pause := firstPause; ; pause = min(pause*5/4, lastPause) {
		began := time.Now()
		more, err := f.round(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			f.log.Warn("what follows from a write is not done yet; next: it is tried again, at the latest by the next ping", "error", err)
		}
		if more {
			until = time.Now().Add(f.time)
		}
		if !time.Now().Before(until) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
			until, pause = time.Now().Add(f.time), firstPause
		case <-time.After(max(pause, restShare*time.Since(began))):
		}
	}
}

// round does what is to be done now, and tells whether more is to be expected.
func (f *follower) round(ctx context.Context) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, roundTime)
	defer cancel()
	if err := f.announce(ctx); err != nil {
		return false, err
	}
	published, err := f.others.fillOthers(ctx)
	if err != nil {
		return false, err
	}
	pending, err := f.rows.PhotosPending(ctx)
	return published > 0 || pending, err
}

// announce has the answers announced that hands changed: process does that on a picture's hint.
func (f *follower) announce(ctx context.Context) error {
	f.mu.Lock()
	changed := f.changed
	f.changed = nil
	f.mu.Unlock()
	for some := range slices.Chunk(changed, sweepBatch) {
		if err := f.hintChanged(ctx, some); err != nil {
			f.mu.Lock()
			f.changed = append(changed, f.changed...)
			f.mu.Unlock()
			return err
		}
	}
	return nil
}

func (f *follower) hintChanged(ctx context.Context, images []int64) error {
	waiting, err := f.rows.Unannounced(ctx, images)
	if err != nil || len(waiting) == 0 {
		return err
	}
	if err := f.publisher.publish(ctx, waiting, map[int64]event.Trace{}); err != nil {
		return err
	}
	return f.publisher.stamp(ctx, waiting)
}
