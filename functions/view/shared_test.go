package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lineup.dev/lineup/local/testkit"
)

// counting is a shared number of how often it was read.
func counting(age, takes time.Duration) (*shared[int64], *atomic.Int64) {
	var read atomic.Int64
	return &shared[int64]{age: age, patience: time.Minute, read: func(ctx context.Context) (int64, error) {
		n := read.Add(1)
		select {
		case <-time.After(takes):
			return n, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}}, &read
}

func TestAllWhoAskWithinAMomentAreToldAlike(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, read := counting(time.Second, 100*time.Millisecond)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if got := testkit.Must(s.get(t.Context()))(t); got != 1 {
					t.Errorf("told %d, want 1", got)
				}
			})
		}
		all.Wait()
		time.Sleep(899 * time.Millisecond) // its age counts from before it was read
		if testkit.Must(s.get(t.Context()))(t); read.Load() != 1 {
			t.Errorf("read %d times within its age, want once", read.Load())
		}
		time.Sleep(time.Millisecond)
		if got := testkit.Must(s.get(t.Context()))(t); got != 2 {
			t.Errorf("told %d when that is too old, want 2", got)
		}
	})
}

func TestWhoTakesWhatIsOlderWaitsForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := counting(time.Second, 100*time.Millisecond)
		told := func(want int64, wait time.Duration) {
			t.Helper()
			asked := time.Now()
			if got := testkit.Must(s.recent(t.Context(), 10*time.Second))(t); got != want || time.Since(asked) != wait {
				t.Errorf("told %d after %v, want %d after %v", got, time.Since(asked), want, wait)
			}
		}
		told(1, 100*time.Millisecond)
		time.Sleep(5 * time.Second)
		told(1, 0)
		synctest.Wait()
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		told(2, 0) // read for whoever asks next
		time.Sleep(20 * time.Second)
		told(3, 100*time.Millisecond)
		s.forget()
		told(4, 100*time.Millisecond)
	})
}

func TestWhatWasJustWrittenIsSeenByWhoeverAsksNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := counting(time.Minute, time.Second)
		testkit.Must(s.get(t.Context()))(t)
		s.forget()
		if got := testkit.Must(s.get(t.Context()))(t); got != 2 {
			t.Errorf("told %d after a change, want 2", got)
		}
		s.forget()
		early := make(chan int64)
		go func() { early <- testkit.Must(s.get(t.Context()))(t) }()
		synctest.Wait()
		s.forget() // while it is read
		if got := testkit.Must(s.get(t.Context()))(t); got != 4 {
			t.Errorf("told %d, of before the change, want 4", got)
		}
		if got := <-early; got != 3 {
			t.Errorf("who asked before is told %d, want 3", got)
		}
		if got := testkit.Must(s.get(t.Context()))(t); got != 4 {
			t.Errorf("told %d by who was late, want 4", got)
		}
	})
}

func TestWhoGoesAwayTakesTheAnswerFromNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, read := counting(time.Second, time.Second)
		ctx, leave := context.WithCancel(t.Context())
		gone := make(chan error)
		go func() {
			_, err := s.get(ctx)
			gone <- err
		}()
		synctest.Wait()
		stays := make(chan int64)
		go func() { stays <- testkit.Must(s.get(t.Context()))(t) }()
		synctest.Wait()
		leave()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("who went away is told %v", err)
		}
		if got := <-stays; got != 1 || read.Load() != 1 {
			t.Errorf("who stayed is told %d after %d readings, want 1 after one", got, read.Load())
		}
	})
}

func TestWhatCannotBeReadIsReadAgain(t *testing.T) {
	broken := errors.New("away")
	fails := true
	s := &shared[int]{age: time.Hour, patience: time.Minute, read: func(context.Context) (int, error) {
		if fails {
			return 0, broken
		}
		return 1, nil
	}}
	if _, err := s.get(t.Context()); !errors.Is(err, broken) {
		t.Errorf("got %v, want what went wrong", err)
	}
	fails = false
	if got := testkit.Must(s.get(t.Context()))(t); got != 1 {
		t.Errorf("told %d, want 1", got)
	}
}

func TestWithoutAnAgeItIsReadForEachWhoAsks(t *testing.T) {
	s, read := counting(0, 0)
	for range 3 {
		testkit.Must(s.get(t.Context()))(t)
	}
	if read.Load() != 3 {
		t.Errorf("read %d times, want 3", read.Load())
	}
}
