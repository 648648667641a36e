package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

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
