// Package breaker is the circuit around the face server: after a few failures in
// a row it opens and every call is refused at once; when the time is over, one
// probe decides whether it closes.
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

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// Settings of a Breaker. Every field must be set.
type Settings struct {
	Failures uint          // so many failures in a row open it
	OpenFor  time.Duration // how long it then stays open
	// Probe asks whether calls would succeed again. It must end when ctx does.
	Probe func(ctx context.Context) error
	Log   *slog.Logger
}

// Breaker is safe for concurrent use.
type Breaker struct {
	Settings
	// mu makes looking at the circuit's state and acting on it one step.
	mu      sync.Mutex
	circuit circuitbreaker.CircuitBreaker[any]
	closed  context.Context // ends when the circuit opens
	open    context.CancelFunc
}

// Open is the error of Allow while the circuit is open.
type Open struct {
	For time.Duration // until the next probe; 0 while one is under way
}

func (e *Open) Error() string {
	return fmt.Sprintf("the circuit to the face server is open for another %v", e.For.Round(time.Millisecond))
}

// New makes a closed breaker.
func New(s Settings) *Breaker {
	b := &Breaker{
		Settings: s,
		circuit: circuitbreaker.NewBuilder[any]().
			WithFailureThreshold(s.Failures).
			WithDelay(s.OpenFor).
			WithSuccessThreshold(1).
			Build(),
	}
	b.closed, b.open = context.WithCancel(context.Background())
	return b
}

// Allow tells whether a call may be made now; if not, the error is an *Open. When
// the time of being open is over, the one caller that finds it so waits for the
// probe; everybody else is refused until the probe has decided.
func (b *Breaker) Allow(ctx context.Context) error {
	b.mu.Lock()
	closed := b.circuit.IsClosed()
	mayProbe := !closed && b.circuit.TryAcquirePermit()
	remaining := b.circuit.RemainingDelay()
	b.mu.Unlock()
	switch {
	case closed:
		return nil
	case mayProbe:
		return b.probe(ctx)
	}
	b.Log.Info("sending not allowed", "for", remaining.String())
	return &Open{For: remaining}
}

// Closed is for a caller that was allowed some time ago: the error is an *Open if
// the circuit has opened since. The context ends when it opens, for a call that
// still waits to be sent. Closed never probes.
func (b *Breaker) Closed() (context.Context, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.circuit.IsClosed() {
		return b.closed, &Open{For: b.circuit.RemainingDelay()}
	}
	return b.closed, nil
}

func (b *Breaker) probe(ctx context.Context) error {
	b.Log.Info("timeout over, asking the face server for its health")
	err := b.Probe(ctx)

	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		b.circuit.RecordSuccess()
		b.closed, b.open = context.WithCancel(context.Background())
		b.Log.Info("the face server is back, circuit closed")
		return nil
	}
	b.circuit.RecordFailure()
	b.Log.Warn("the face server is not back, sending disabled", "for", b.OpenFor.String(), "error", err)
	return &Open{For: b.circuit.RemainingDelay()}
}

// Success reports that an allowed call reached a face server that works.
func (b *Breaker) Success() {
	b.mu.Lock()
	defer b.mu.Unlock()
	// A call that was let through long ago says nothing about an open circuit.
	if b.circuit.IsClosed() {
		b.circuit.RecordSuccess()
	}
}

// Failure reports that an allowed call found the face server gone or broken.
func (b *Breaker) Failure() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.circuit.IsClosed() {
		return
	}
	b.circuit.RecordFailure()
	b.Log.Warn("could not send image", "try_count", b.circuit.Metrics().Failures())
	if b.circuit.IsOpen() {
		b.open()
		b.Log.Warn("maximum try count reached, sending disabled", "maximum", b.Failures, "for", b.OpenFor.String())
	}
}

// Remaining tells how long the circuit stays open; 0 when it is not open.
func (b *Breaker) Remaining() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.circuit.RemainingDelay()
}
