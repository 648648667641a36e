package prewarm

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

func TestTheFirstWorkInAWhilePrewarms(t *testing.T) {
	var calls atomic.Int32
	service := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	defer service.Close()
	const after = 10 * time.Second
	urls := []string{service.URL, service.URL + "/other", "http://127.0.0.1:1"} // nobody listens at the last
	p := New(Settings{urls, after}, slog.New(slog.DiscardHandler))

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
		p.OnWork(t.Context(), begin.Add(step.at))
		p.Wait()
		if got := calls.Load(); got != step.want {
			t.Errorf("%s: %d calls, want %d", step.what, got, step.want)
		}
	}
}
