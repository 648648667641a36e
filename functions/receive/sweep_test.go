package main

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/store"
)

// fakeQueue and its rows cause the failures that a real nsqd and database cannot be
// made to show at a chosen batch.
type fakeQueue struct {
	backlog            int
	due                int // rows
	again              int // of these, those that were hinted before
	published          int
	failPublish        int // the batch that fails, from 1; 0 for none
	failStamp          int
	batches, stampings int
}

func (f *fakeQueue) Backlog(context.Context, string, string) (int, error) { return f.backlog, nil }

func (f *fakeQueue) Due(_ context.Context, _ time.Duration, limit int) ([]store.Ref, error) {
	return make([]store.Ref, min(limit, f.due)), nil
}

func (f *fakeQueue) DueAgain(_ context.Context, _ time.Duration, limit int) ([]store.Ref, error) {
	n := min(limit, f.again)
	f.again -= n
	return make([]store.Ref, n), nil
}

var errFake = errors.New("a failure")

func (f *fakeQueue) publish(_ context.Context, waiting []store.Ref, _ map[int64]event.Trace) error {
	if f.batches++; f.batches == f.failPublish {
		return errFake
	}
	f.published += len(waiting)
	return nil
}

func (f *fakeQueue) stamp(_ context.Context, waiting []store.Ref) error {
	if f.stampings++; f.stampings == f.failStamp {
		return errFake
	}
	f.due -= len(waiting)
	return nil
}

func (f *fakeQueue) resume(context.Context) error { return nil }

func (f *fakeQueue) remove(context.Context) error { return nil }

func (f *fakeQueue) change(context.Context) error { return nil }

func (f *fakeQueue) adopt(context.Context) error { return nil }

func (f *fakeQueue) plan(context.Context) error { return nil }

func (f *fakeQueue) Recount(context.Context) error { return nil }

func (f *fakeQueue) tell(context.Context) error { return nil }

func (f *fakeQueue) compareReposted(context.Context) error { return nil }

func (f *fakeQueue) sweeper() *sweeper {
	return &sweeper{
		SweepSettings: SweepSettings{Fill: 5000, Interval: time.Minute},
		queue:         f, rows: f, publisher: f, comparer: f, planner: f, folders: f, erased: f, leftovers: f, counts: f, parts: f, gallery: f, strangers: f, models: f,
		log: slog.New(slog.DiscardHandler),
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		queue     fakeQueue
		published int
		err       error
	}{
		"nothing is due":                    {fakeQueue{}, 0, nil},
		"all that is due":                   {fakeQueue{due: 1234}, 1234, nil},
		"no more than the queue has room":   {fakeQueue{due: 10_000, backlog: 4321}, 679, nil},
		"half of it hinted before":          {fakeQueue{due: 10_000, again: 5000, backlog: 4000}, 1000, nil},
		"a queue that is full":              {fakeQueue{due: 10, backlog: 5000}, 0, nil},
		"a queue that is more than full":    {fakeQueue{due: 10, backlog: 9000}, 0, nil},
		"the second batch is not published": {fakeQueue{due: 1500, failPublish: 2}, 500, errFake},
		"the second batch is not stamped":   {fakeQueue{due: 1500, failStamp: 2}, 1000, errFake},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			queue := c.queue
			if err := queue.sweeper().sweep(t.Context()); !errors.Is(err, c.err) || queue.published != c.published {
				t.Errorf("%d published, %v; want %d, %v", queue.published, err, c.published, c.err)
			}
		})
	}
}

func TestASweepThatFailedIsRepeatedAtOnceAndOthersAfterTheInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		queue := &fakeQueue{due: 1, failPublish: 1}
		s := queue.sweeper()
		if err := s.sweep(t.Context()); !errors.Is(err, errFake) {
			t.Fatal(err)
		}
		for _, step := range []struct {
			wait      time.Duration
			published int
		}{{0, 1}, {59 * time.Second, 1}, {time.Second, 2}} {
			time.Sleep(step.wait) // of the test's own clock
			if err := s.sweep(t.Context()); err != nil || queue.published != step.published {
				t.Errorf("after %v more: %d published, %v; want %d", step.wait, queue.published, err, step.published)
			}
			queue.due = 1
		}
	})
}

func (f *fakeQueue) tidy(context.Context) error { return nil }
