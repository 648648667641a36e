package main

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"lineup.dev/lineup/pkg/event"
)

var errSinkPause = errors.New("K_SINK did not take events")

// sinkPause keeps pictures from waiting for a sink that failed: until the pause is over
// nothing is sent, then one event finds out whether the sink is back. It belongs to one
// instance, as the breaker does.
type sinkPause struct {
	mu       sync.Mutex
	failures int       // in a row; of those that were under way together one counts
	until    time.Time // of the pause
	probing  bool      // an event finds out whether the pause was long enough
}

// sending is an event that was let through.
type sending struct {
	failures int // before it
	probe    bool
}

// check tells whether an event may be sent now; if not, the error wraps errSinkPause.
func (p *sinkPause) check() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refusal()
}

// begin is check for who sends at once, and then has to call end.
func (p *sinkPause) begin() (sending, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.refusal(); err != nil {
		return sending{}, err
	}
	s := sending{failures: p.failures, probe: p.failures > 0}
	p.probing = p.probing || s.probe
	return s, nil
}

// end notes what the sink said of the event.
func (p *sinkPause) end(s sending, answer event.Answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.probe {
		p.probing = false
	}
	switch {
	case !isSinkFailure(answer.Status):
		p.failures = 0
	case s.failures == p.failures: // or the pause has begun already
		p.failures++
		p.until = time.Now().Add(backoff(p.failures, sinkPauses))
	}
}

// refusal needs mu.
func (p *sinkPause) refusal() error {
	if p.failures == 0 {
		return nil
	}
	if left := time.Until(p.until); left > 0 {
		return fmt.Errorf("%w %d times in a row and is tried again in %v", errSinkPause, p.failures, left.Round(time.Millisecond))
	}
	if p.probing {
		return fmt.Errorf("%w %d times in a row and is being tried again", errSinkPause, p.failures)
	}
	return nil
}

// isSinkFailure tells a sink that takes nothing now from one that refuses an event.
func isSinkFailure(status int) bool {
	switch status {
	case 0, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}
