package main

import (
	"context"
	"sync"
	"time"
)

// SweepSettings say what a ping does.
type SweepSettings struct {
	HintAge      time.Duration `envconfig:"HINT_AGE" default:"2m" desc:"a hint older than this counts as lost"`
	Fill         int           `envconfig:"SWEEP_FILL" default:"5000" desc:"hints in the queue, waiting, in flight or deferred, beyond which a sweep adds none"`
	EveryAtMost  time.Duration `envconfig:"SWEEP_INTERVAL" default:"10s" desc:"shortest time between two sweeps of this instance"`
	SweepChannel string        `envconfig:"CHANNEL" default:"process" desc:"NSQ channel whose backlog a sweep looks at"`
}

// sweepBatch is how many hints are given at once.
const sweepBatch = 500

// sweeper gives hints again for every picture that is due. The row is the truth:
// whatever the queue lost, it gets back here.
type sweeper struct {
	SweepSettings
	hints hinter

	mu   sync.Mutex // held during a sweep
	last time.Time
}

// sweep does nothing while another sweep runs, or soon after one.
func (s *sweeper) sweep(ctx context.Context) error {
	if !s.mu.TryLock() {
		return nil
	}
	defer s.mu.Unlock()
	if time.Since(s.last) < s.EveryAtMost {
		return nil
	}
	given, err := s.fill(ctx)
	if given > 0 {
		s.hints.log.Info("swept", "hints", given)
	}
	if err == nil {
		s.last = time.Now()
	}
	return err
}

// fill gives hints, those due longest first, until nothing is due or the queue is full.
func (s *sweeper) fill(ctx context.Context) (given int, err error) {
	waiting, err := s.hints.queue.Backlog(ctx, s.hints.topic, s.SweepChannel)
	if err != nil {
		return 0, err
	}
	for room := s.Fill - waiting; room > 0; {
		due, err := s.hints.store.Due(ctx, s.HintAge, min(room, sweepBatch))
		if err != nil || len(due) == 0 {
			return given, err
		}
		hints := make([]hint, len(due))
		for i, d := range due {
			hints[i] = hint{DueImage: d}
		}
		if err := s.hints.publish(ctx, hints); err != nil {
			return given, err
		}
		if err := s.hints.stamp(ctx, hints); err != nil {
			return given, err
		}
		given += len(hints)
		room -= len(hints)
	}
	return given, nil
}
