package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

func TestTheFirstMessageInAWhilePrewarms(t *testing.T) {
	var calls atomic.Int32
	service := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	defer service.Close()
	const after = 10 * time.Second
	urls := []string{service.URL, service.URL + "/other", "http://127.0.0.1:1"} // nobody listens at the last
	p := newPrewarmer(urls, after, patience, slog.New(slog.DiscardHandler))

	begin := time.Now()
	for _, step := range []struct {
		what string
		at   time.Duration
		want int32
	}{
		{"the first of all calls each", 0, 2},
		{"one soon after does not", after - 1, 2},
		{"nor does one soon after that: they are awake", 2*after - 2, 2},
		{"one after a pause does", 3 * after, 4},
	} {
		p.onMessage(t.Context(), begin.Add(step.at))
		p.wait()
		if got := calls.Load(); got != step.want {
			t.Errorf("%s: %d calls, want %d", step.what, got, step.want)
		}
	}
}

func TestNoMessageWaitsForPrewarming(t *testing.T) {
	t.Parallel()
	called, never := make(chan struct{}, 1), make(chan struct{})
	service := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		called <- struct{}{}
		select {
		case <-never:
		case <-r.Context().Done():
		}
	}))
	defer service.Close()
	defer close(never)
	taken := make(chan struct{}, 1)
	sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { taken <- struct{}{} }))
	defer sink.Close()

	nsqd := nsqdWith(t)
	_, stop := start(t, nsqd, sink.URL, func(s *settings) { s.Prewarm = []string{service.URL} })
	publish(t, nsqd, "images", "one")
	receive(t, called, "the call")
	receive(t, taken, "the message, while that call has no answer")
	stop() // ends, though the call has no answer still
}
