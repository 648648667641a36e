package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"lineup.dev/lineup/pkg/store"
)

// partTeller tells of the circuit and of the face server when they change, and once after a
// start: the usual way costs no statement.
type partTeller struct {
	rows    *store.Store
	timeout time.Duration
	log     *slog.Logger

	mu    sync.Mutex // held while it is told
	known bool       // something was told
	until time.Time  // as it was told; zero for a closed circuit
}

// tell writes what is no longer as it was told: the circuit is open until then, or closed
// where that is zero. Answered tells that the face server just worked: without it, a closed
// circuit says nothing before something else was told. What cannot be written is told the
// next time.
func (t *partTeller) tell(ctx context.Context, until time.Time, answered bool) {
	if !t.mu.TryLock() {
		return
	}
	defer t.mu.Unlock()
	if t.known && t.until.Equal(until) || !t.known && until.IsZero() && !answered {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	circuit := store.Part{Name: "circuit to the face server", State: "closed"}
	server := store.Part{Name: "face server", State: "ready"}
	if !until.IsZero() {
		circuit.State, circuit.Wait = "open", max(time.Microsecond, time.Until(until))
		circuit.Detail = "calls fail, so none are made; pictures wait, and next is a health check"
		server.State, server.Wait = "away", circuit.Wait
		server.Detail = "it does not answer, or says that it is not ready; the log of process says more"
	}
	if err := t.rows.TellParts(ctx, circuit, server); err != nil {
		t.log.Warn("nobody was told how the face server is, the next answer will", "error", err)
		return
	}
	t.known, t.until = true, until
}
