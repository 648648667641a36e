// Package prewarm starts services that are scaled to zero before they are needed.
package prewarm

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	callTime  = time.Minute // of a call: longer than any start
	maxAnswer = 64 << 10    // bytes that are read of an answer
)

// Settings say what is called, and when.
type Settings struct {
	Prewarm      []string      `envconfig:"PREWARM" form:"url" desc:"URLs of services that what comes in is going to need: a GET to each, beside the first message or picture after PREWARM_AFTER without one, starts those that sleep; comma-separated"`
	PrewarmAfter time.Duration `envconfig:"PREWARM_AFTER" default:"10s" min:"1ms" max:"24h" desc:"time without a message or picture after which PREWARM is called again"`
}

// Prewarmer calls the services that are going to be needed, beside the first work in
// a while: those that are scaled to zero start together, not one after the other. What
// they answer does not matter, and no work waits for it.
type Prewarmer struct {
	Settings
	log    *slog.Logger
	client http.Client

	mu    sync.Mutex
	last  time.Time // when work came; zero before the first
	calls sync.WaitGroup
}

// New makes a Prewarmer.
func New(s Settings, log *slog.Logger) *Prewarmer {
	return &Prewarmer{
		Settings: s, log: log,
		client: http.Client{
			Transport:     &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: maxAnswer},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// OnWork begins the calls that are due, as work came now. They end with ctx; Wait waits
// for them.
func (p *Prewarmer) OnWork(ctx context.Context, now time.Time) {
	p.mu.Lock()
	idle := now.Sub(p.last)
	p.last = now
	p.mu.Unlock()
	if idle < p.PrewarmAfter {
		return
	}
	for _, url := range p.Prewarm {
		p.calls.Go(func() { p.call(ctx, url) })
	}
}

func (p *Prewarmer) call(ctx context.Context, url string) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
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
	io.CopyN(io.Discard, response.Body, maxAnswer) //nolint:errcheck // the service runs, whatever its answer
	p.log.Debug("prewarmed", "url", url, "status", response.StatusCode)
}

// Wait waits for the calls, after the last work.
func (p *Prewarmer) Wait() { p.calls.Wait() }
