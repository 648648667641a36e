package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

func TestTheFirstMessageInAWhileWakes(t *testing.T) {
	var calls atomic.Int32
	sleeper := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	defer sleeper.Close()
	s := defaults(t)
	s.Wake = []string{sleeper.URL, sleeper.URL + "/other", "http://127.0.0.1:1"} // nobody listens at the last
	w := newWaker(s, slog.New(slog.DiscardHandler))

	start := time.Now()
	for _, step := range []struct {
		what string
		at   time.Duration
		want int32
	}{
		{"the first of all wakes each", 0, 2},
		{"one soon after does not", s.WakeAfter - 1, 2},
		{"nor does one soon after that: they are awake", 2*s.WakeAfter - 2, 2},
		{"one after a pause does", 3 * s.WakeAfter, 4},
	} {
		w.message(t.Context(), start.Add(step.at))
		w.wait()
		if got := calls.Load(); got != step.want {
			t.Errorf("%s: %d calls, want %d", step.what, got, step.want)
		}
	}
}

func TestNoMessageWaitsForWhatIsWoken(t *testing.T) {
	woken, never := make(chan struct{}, 1), make(chan struct{})
	sleeper := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		woken <- struct{}{}
		select {
		case <-never:
		case <-r.Context().Done():
		}
	}))
	defer sleeper.Close()
	defer close(never)
	taken := make(chan struct{}, 1)
	sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { taken <- struct{}{} }))
	defer sink.Close()

	nsqd := nsqdWith(t)
	_, stop := start(t, nsqd, sink.URL, func(s *settings) { s.Wake = []string{sleeper.URL} })
	publish(t, nsqd, "images", "one")
	receive(t, woken, "the call that wakes")
	receive(t, taken, "the message, while that call has no answer")
	stop() // ends, though the call has no answer still
}
