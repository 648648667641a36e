package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
)

// A sink that takes connections and never answers costs its timeout once in a pause, not
// once for every picture.
func TestASilentSinkHoldsUpNoPictures(t *testing.T) {
	var asked atomic.Int32
	end := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1); <-end }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(end) })
	face := &faceStub{answer: nobody}
	face.start(t)
	s := newSystem(t, face)
	to, err := event.NewSink(event.SinkSettings{Sink: server.URL}, 2)
	testkit.Succeed(t, err)
	t.Cleanup(to.Close)
	s.announcer = &announcer{store: s.pipeline.store, sink: to, timeout: 50 * time.Millisecond}
	s.submit(t, "1.jpg", "2.jpg", "3.jpg", "4.jpg", "5.jpg", "6.jpg")
	pass := func(want int32) {
		for id := range int64(6) {
			s.wantAnswer(t, s.deliver(t, id+1), http.StatusOK, "")
			s.announcer.pause.until = s.announcer.pause.until.Add(time.Hour) // however slow the machine is
		}
		if got := asked.Load(); got != want {
			t.Errorf("the silent sink was asked %d times, want %d", got, want)
		}
	}
	pass(1)
	pass(1) // as a ping's hints do
	s.announcer.pause.until = time.Now()
	pass(2)
	for id := range int64(6) {
		if image := s.image(t, id+1); !image.Status.Final() {
			t.Errorf("picture %d is %s", image.ID, image.Status)
		}
	}
	if due, err := s.store.Due(t.Context(), 0, 10); err != nil || len(due) != 6 {
		t.Errorf("due are %v, %v; want all six, which are not announced", due, err)
	}
}

func TestThePauseOfASinkDoublesAndOneFindsOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p sinkPause
		for _, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			probe, err := p.begin()
			testkit.Succeed(t, err)
			if p.failures > 0 {
				if err := p.check(); !errors.Is(err, errSinkPause) {
					t.Errorf("beside the one that finds out: %v", err)
				}
			}
			p.end(probe, event.Answer{})
			time.Sleep(want*time.Second - time.Nanosecond)
			if err := p.check(); !errors.Is(err, errSinkPause) {
				t.Errorf("before %v s are over: %v", int(want), err)
			}
			time.Sleep(time.Nanosecond)
		}
		probe, err := p.begin()
		testkit.Succeed(t, err)
		p.end(probe, event.Answer{Status: http.StatusAccepted})
		testkit.Succeed(t, p.check())
	})
}

func TestWhatWasUnderWayTogetherFailsOnce(t *testing.T) {
	var p sinkPause
	var together sync.WaitGroup
	begun := make([]sending, 16)
	for i := range begun {
		var err error
		begun[i], err = p.begin()
		testkit.Succeed(t, err)
	}
	for _, s := range begun {
		together.Go(func() { p.end(s, event.Answer{Status: http.StatusServiceUnavailable}) })
	}
	together.Wait()
	if p.failures != 1 {
		t.Errorf("%d failures, want one", p.failures)
	}
}

func TestARefusedEventSaysNothingOfTheSink(t *testing.T) {
	for status, want := range map[int]bool{0: true, 202: false, 400: false, 404: false, 408: true, 413: false, 429: true, 500: true, 503: true} {
		if isSinkFailure(status) != want {
			t.Errorf("%d: a failure of the sink: %v, want %v", status, !want, want)
		}
	}
}
