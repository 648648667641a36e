package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// prewarmBytes is how much of an answer is read.
const prewarmBytes = 64 << 10

// prewarmer calls the services that the sink is going to call, beside the first
// message in a while: those that are scaled to zero start while the sink starts,
// not after it. What they answer does not matter, and no message waits for it.
type prewarmer struct {
	urls    []string
	after   time.Duration // without a message
	timeout time.Duration // of a call
	log     *slog.Logger
	client  http.Client

	mu    sync.Mutex
	last  time.Time // when a message came; zero before the first
	calls sync.WaitGroup
}

func newPrewarmer(urls []string, after, timeout time.Duration, log *slog.Logger) *prewarmer {
	return &prewarmer{
		urls: urls, after: after, timeout: timeout, log: log,
		client: http.Client{
			Transport:     &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: prewarmBytes},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// onMessage begins the calls that are due. They end with ctx; wait waits for them.
func (p *prewarmer) onMessage(ctx context.Context, now time.Time) {
	p.mu.Lock()
	idle := now.Sub(p.last)
	p.last = now
	p.mu.Unlock()
	if idle < p.after {
		return
	}
	for _, url := range p.urls {
		p.calls.Go(func() { p.call(ctx, url) })
	}
}

func (p *prewarmer) call(ctx context.Context, url string) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		p.log.Debug("not prewarmed", "url", url, "error", err)
		return
	}
	response, err := p.client.Do(request)
	if err != nil {
		p.log.Debug("not prewarmed", "url", url, "error", err)
		return
	}
	defer response.Body.Close()
	io.CopyN(io.Discard, response.Body, prewarmBytes) //nolint:errcheck // the service runs, whatever its answer
	p.log.Debug("prewarmed", "url", url, "status", response.StatusCode)
}

// wait waits for the calls, after the last message.
func (p *prewarmer) wait() { p.calls.Wait() }
