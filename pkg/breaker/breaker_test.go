package breaker_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lineup.dev/lineup/pkg/breaker"
)

// server is a face server that answers probes as it is told.
type server struct {
	down   atomic.Bool
	slow   time.Duration
	probes atomic.Int32
}

func (s *server) probe(ctx context.Context) error {
	s.probes.Add(1)
	time.Sleep(s.slow)
	if s.down.Load() {
		return errors.New("down")
	}
	return nil
}

func newBreaker(s *server) *breaker.Breaker {
	return breaker.New(breaker.Settings{Failures: 3, OpenFor: 10 * time.Second}, s.probe, slog.New(slog.DiscardHandler))
}

func refusedFor(t *testing.T, err error) time.Duration {
	t.Helper()
	open, ok := errors.AsType[*breaker.Open](err)
	if !ok {
		t.Fatalf("Allow() = %v, want a refusal", err)
	}
	return open.For
}

func TestThreeFailuresInARowOpenItForTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(server)
		b := newBreaker(s)
		for _, success := range []bool{false, false, true, false, false} {
			if err := b.Allow(t.Context()); err != nil {
				t.Fatalf("refused before three failures in a row: %v", err)
			}
			if success {
				b.Success()
			} else {
				b.Failure()
			}
		}
		b.Failure()
		time.Sleep(4 * time.Second)
		if left := refusedFor(t, b.Allow(t.Context())); left != 6*time.Second {
			t.Errorf("refused for another %v, want 6s", left)
		}
		if b.Remaining() != 6*time.Second {
			t.Errorf("Remaining() = %v, want 6s", b.Remaining())
		}
		if n := s.probes.Load(); n != 0 {
			t.Errorf("%d probes while open, want none", n)
		}
	})
}

func TestAGoodProbeClosesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(server)
		b := newBreaker(s)
		for range 3 {
			b.Failure()
		}
		time.Sleep(10 * time.Second)
		for range 5 {
			if err := b.Allow(t.Context()); err != nil {
				t.Fatalf("refused after a good probe: %v", err)
			}
		}
		if n := s.probes.Load(); n != 1 {
			t.Errorf("%d probes, want one", n)
		}
		b.Failure()
		b.Failure()
		if err := b.Allow(t.Context()); err != nil {
			t.Errorf("two failures opened it again: %v", err)
		}
	})
}

func TestABadProbeKeepsItOpenForTheFullTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(server)
		s.down.Store(true)
		b := newBreaker(s)
		for range 3 {
			b.Failure()
		}
		for range 3 {
			time.Sleep(10 * time.Second)
			if left := refusedFor(t, b.Allow(t.Context())); left != 10*time.Second {
				t.Errorf("refused for another %v after a bad probe, want 10s", left)
			}
		}
		if n := s.probes.Load(); n != 3 {
			t.Errorf("%d probes in three periods, want three", n)
		}
	})
}

func TestOneOfManyProbesAndTheOthersDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{slow: 3 * time.Second}
		b := newBreaker(s)
		for range 3 {
			b.Failure()
		}
		time.Sleep(10 * time.Second)
		start := time.Now()
		var refused, allowed atomic.Int32
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				if b.Allow(t.Context()) == nil {
					allowed.Add(1)
					return
				}
				refused.Add(1)
				if waited := time.Since(start); waited > 0 {
					t.Errorf("a refusal took %v", waited)
				}
			})
		}
		all.Wait()
		if s.probes.Load() != 1 || allowed.Load() != 1 || refused.Load() != 199 {
			t.Errorf("%d probes, %d allowed, %d refused; want 1, 1, 199", s.probes.Load(), allowed.Load(), refused.Load())
		}
	})
}

func TestACallFromBeforeSaysNothingAboutAnOpenCircuit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(server)
		s.down.Store(true)
		b := newBreaker(s)
		for range 3 {
			b.Failure()
		}
		time.Sleep(5 * time.Second)
		b.Failure() // let through before it opened: it does not start the time anew
		if left := b.Remaining(); left != 5*time.Second {
			t.Errorf("open for another %v, want 5s", left)
		}
		b.Success() // so was this one: it closes nothing
		if left := refusedFor(t, b.Allow(t.Context())); left != 5*time.Second {
			t.Errorf("refused for another %v after a success, want 5s", left)
		}
	})
}

func TestWhoWasAllowedBeforeLearnsThatItOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := new(server)
		b := newBreaker(s)
		opened, err := b.Watch()
		if err != nil {
			t.Fatalf("refused while closed: %v", err)
		}
		b.Failure()
		b.Failure()
		if opened.Err() != nil {
			t.Error("told that it opened before it did")
		}
		b.Failure()
		if opened.Err() == nil {
			t.Error("not told that it opened")
		}
		time.Sleep(4 * time.Second)
		if _, err := b.Watch(); refusedFor(t, err) != 6*time.Second {
			t.Errorf("refused with %v, want another 6s", err)
		}
		time.Sleep(6 * time.Second)
		if _, err := b.Watch(); refusedFor(t, err) != 0 || s.probes.Load() != 0 {
			t.Errorf("%v and %d probes; want to be refused until somebody else has probed", err, s.probes.Load())
		}
		if err := b.Allow(t.Context()); err != nil {
			t.Fatal(err)
		}
		if opened, err := b.Watch(); err != nil || opened.Err() != nil {
			t.Errorf("after a good probe: %v, %v", err, opened.Err())
		}
	})
}
