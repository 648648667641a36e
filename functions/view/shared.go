package main

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// shared is what all who ask within a moment are told alike, so that a hundred tabs that
// follow it cost the database what one does. It holds one value.
type shared[T any] struct {
	read     func(context.Context) (T, error)
	age      time.Duration // how old it may be; 0: it is read for each who asks
	patience time.Duration // for reading it, whoever of those who wait goes away
	reading  singleflight.Group

	mu     sync.Mutex
	last   T
	till   time.Time // when the last is too old
	writes int       // how often forget was called
}

func (s *shared[T]) get(ctx context.Context) (T, error) {
	if s.age == 0 {
		return s.read(ctx)
	}
	s.mu.Lock()
	last, fresh := s.last, time.Now().Before(s.till)
	s.mu.Unlock()
	if fresh {
		return last, nil
	}
	select {
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	case a := <-s.begin(ctx):
		return a.Val.(T), a.Err
	}
}

// recent is get for whom it may be so much older: then it is read for whoever asks next.
func (s *shared[T]) recent(ctx context.Context, older time.Duration) (T, error) {
	s.mu.Lock()
	last, till := s.last, s.till
	s.mu.Unlock()
	if now := time.Now(); till.IsZero() || now.After(till.Add(older)) {
		return s.get(ctx)
	} else if now.After(till) {
		s.begin(ctx)
	}
	return last, nil
}

// begin has it read, once for all who wait.
func (s *shared[T]) begin(ctx context.Context) <-chan singleflight.Result {
	return s.reading.DoChan("", func() (any, error) { return s.again(ctx) })
}

// again reads it. Its age counts from before that.
func (s *shared[T]) again(ctx context.Context) (T, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience)
	defer cancel()
	s.mu.Lock()
	till, writes := time.Now().Add(s.age), s.writes
	s.mu.Unlock()
	value, err := s.read(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && writes == s.writes {
		s.last, s.till = value, till
	}
	return value, err
}

// forget has it read for whoever asks next: something was just written.
func (s *shared[T]) forget() {
	s.mu.Lock()
	s.till = time.Time{}
	s.writes++
	s.mu.Unlock()
	s.reading.Forget("")
}
