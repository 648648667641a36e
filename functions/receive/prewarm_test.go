package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"lineup.dev/lineup/pkg/prewarm"
)

// TestPicturesAndNothingElsePrewarm wants a call beside whatever brings a picture, and
// that the picture does not wait for its answer.
func TestPicturesAndNothingElsePrewarm(t *testing.T) {
	s := newSystem(t)
	var calls atomic.Int32
	answers := make(chan struct{}, 10)
	service := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		calls.Add(1)
		<-answers
	}))
	t.Cleanup(service.Close)
	settings := prewarm.Settings{Prewarm: []string{service.URL}, PrewarmAfter: time.Nanosecond}

	for _, test := range []struct {
		what, path, body string
		header           []string
		want             int32
	}{
		{"a ping", "/", "{}", []string{"Ce-Specversion", "1.0", "Ce-Type", "dev.knative.sources.ping", "Ce-Source", "/ping", "Ce-Id", "1", "Content-Type", "application/json"}, 0},
		{"a person", "/people", "", nil, 0},
		{"an undelivered event", "/dead", "", nil, 0},
		{"a path", "/image/post", `{"path":"a.jpg"}`, nil, 1},
		{"a path where events go", "/", `{"path":"a.jpg"}`, nil, 1},
		{"an event", "/", `{"path":"a.jpg"}`, []string{"Ce-Specversion", "1.0", "Ce-Type", "dev.lineup.image.submitted", "Ce-Source", "/test", "Ce-Id", "1", "Content-Type", "application/json"}, 1},
		{"an upload", "/images", "\xff\xd8\xff one", []string{"Content-Type", "image/jpeg"}, 1},
	} {
		s.prewarmer = prewarm.New(settings, slog.New(slog.DiscardHandler))
		calls.Store(0)
		s.do(t, test.path, test.body, test.header...) // is answered before the service is
		answers <- struct{}{}
		s.prewarmer.Wait()
		if got := calls.Load(); got != test.want {
			t.Errorf("%s: %d calls, want %d", test.what, got, test.want)
		}
		if test.want == 0 {
			<-answers
		}
	}
}
