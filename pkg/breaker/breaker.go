// Package breaker is the circuit breaker around the face server: after a few
// failures in a row it opens and every call is refused at once; when its time is
// over, one probe decides whether it closes.
//
// A breaker belongs to one instance of a program. Each instance learns for itself
// that the face server is gone.
package breaker

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Settings of a Breaker.
type Settings struct {
	Failures int           `envconfig:"BREAKER_FAILURES" default:"3" min:"1" max:"1000" desc:"failures in a row that open the circuit to the face server"`
	OpenFor  time.Duration `envconfig:"BREAKER_OPEN" default:"10s" min:"1ms" max:"15m" desc:"how long the circuit then stays open before a health check may close it"`
}

// Breaker is safe for concurrent use.
type Breaker struct {
	settings Settings
	probe    func(ctx context.Context) error
	log      *slog.Logger

	mu       sync.Mutex
	failures int       // in a row, while closed
	until    time.Time // when a probe may be made; zero while closed
	probing  bool
	opened   context.Context // ends when the circuit opens
	open     context.CancelFunc
}

// Open is the error of a call that is refused because the circuit is open.
type Open struct {
	For time.Duration // until the next probe; 0 when one is due or under way
}

func (e *Open) Error() string {
	return fmt.Sprintf("the circuit to the face server is open for another %v", e.For.Round(time.Millisecond))
}

// New makes a closed breaker. The probe tells whether calls would succeed again; it
// must end when its context does.
func New(s Settings, probe func(ctx context.Context) error, log *slog.Logger) *Breaker {
	b := &Breaker{settings: s, probe: probe, log: log}
	b.close()
	return b
}

// Allow tells whether a call may be made now; if not, the error is an *Open. When
// the circuit's time is over, the first caller that asks makes the probe and waits
// for it; everybody else is refused until the probe has decided.
func (b *Breaker) Allow(ctx context.Context) error {
	b.mu.Lock()
	refusal := b.refusal()
	mayProbe := refusal != nil && refusal.For == 0 && !b.probing
	b.probing = b.probing || mayProbe
	b.mu.Unlock()
	switch {
	case refusal == nil:
		return nil
	case mayProbe:
		return b.decide(b.probe(ctx))
	}
	b.log.Debug("call refused, circuit open", "for", refusal.For.String())
	return refusal
}

// decide closes the circuit after a good probe, and keeps it open after a bad one.
func (b *Breaker) decide(probe error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	if probe == nil {
		b.close()
		b.log.Info("circuit closed after a good probe")
		return nil
	}
	b.until = time.Now().Add(b.settings.OpenFor)
	b.log.Warn("circuit stays open after a failed probe", "for", b.settings.OpenFor.String(), "error", probe)
	return b.refusal()
}

// Watch is for a caller that was allowed some time ago: the error is an *Open if the
// circuit has opened since. The context ends when it opens, for a call that still
// waits to be sent. Watch never probes.
func (b *Breaker) Watch() (opened context.Context, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if refusal := b.refusal(); refusal != nil {
		return b.opened, refusal
	}
	return b.opened, nil
}

// Success reports that an allowed call reached a face server that works.
func (b *Breaker) Success() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures = 0 // an open circuit counts none: a call from before it opened changes nothing
}

// Failure reports that an allowed call found the face server gone or broken.
func (b *Breaker) Failure() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refusal() != nil {
		return // a call from before it opened does not start its time anew
	}
	b.failures++
	b.log.Warn("face server failed", "failures", b.failures, "maximum", b.settings.Failures)
	if b.failures >= b.settings.Failures {
		b.until = time.Now().Add(b.settings.OpenFor)
		b.open()
		b.log.Warn("circuit opened", "for", b.settings.OpenFor.String())
	}
}

// Remaining tells how long no probe may be made yet; 0 too while the circuit is closed.
func (b *Breaker) Remaining() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if refusal := b.refusal(); refusal != nil {
		return refusal.For
	}
	return 0
}

// Until is when a probe may be made; zero while the circuit is closed.
func (b *Breaker) Until() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.until
}

// refusal is nil while the circuit is closed. The caller holds mu.
func (b *Breaker) refusal() *Open {
	if b.until.IsZero() {
		return nil
	}
	return &Open{For: max(0, time.Until(b.until))}
}

// close needs mu, or a breaker that nobody else knows yet.
func (b *Breaker) close() {
	b.failures, b.until = 0, time.Time{}
	b.opened, b.open = context.WithCancel(context.Background())
}
