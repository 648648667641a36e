package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// waker calls the services that the sink is going to call, beside the first message
// in a while: those that sleep start while the sink starts, not after it. What they
// answer does not matter, and no message waits for it.
type waker struct {
	urls    []string
	after   time.Duration // without a message
	timeout time.Duration // of a call
	log     *slog.Logger
	client  http.Client

	mutex sync.Mutex
	last  time.Time // when a message came; zero before the first
	calls sync.WaitGroup
}

func newWaker(s settings, log *slog.Logger) *waker {
	return &waker{
		urls: s.Wake, after: s.WakeAfter, timeout: s.SinkTimeout, log: log,
		client: http.Client{
			Transport:     &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// message is told of each message. The calls it begins end with ctx; wait waits.
func (w *waker) message(ctx context.Context, now time.Time) {
	w.mutex.Lock()
	quiet := now.Sub(w.last)
	w.last = now
	w.mutex.Unlock()
	if quiet < w.after {
		return
	}
	for _, address := range w.urls {
		w.calls.Go(func() { w.call(ctx, address) })
	}
}

func (w *waker) call(ctx context.Context, address string) {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		w.log.Debug("nobody woken", "url", address, "error", err)
		return
	}
	response, err := w.client.Do(request)
	if err != nil {
		w.log.Debug("nobody woken", "url", address, "error", err)
		return
	}
	io.CopyN(io.Discard, response.Body, 64<<10)
	response.Body.Close()
	w.log.Debug("awake", "url", address, "status", response.StatusCode)
}

// wait waits for the calls, after the last message.
func (w *waker) wait() { w.calls.Wait() }

func checkWake(addresses []string) error {
	for _, address := range addresses {
		if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("WAKE=%q is no http or https URL: correct it", address)
		}
	}
	return nil
}
