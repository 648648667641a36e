package main

import (
	"context"
	"errors"
	"time"
)

// admission is the permission to call the face server, until it is released.
type admission struct {
	opened  context.Context // ends when the circuit opens
	release func()
}

var errQuarantine = errors.New("pictures at which a call failed before are looked at one at a time")

// admit lets a claimed picture through to the face server. The breaker is looked at
// once more: it may have opened while the claim was waited for.
//
// A picture at which a call failed before is in quarantine, as it may be what kills
// the face server. Of such only one is admitted at a time: one that does kill it is
// so never twice in flight with one that does not, which would end failed with it.
func (p *pipeline) admit(attempts int) (admission, error) {
	opened, err := p.breaker.Watch()
	if err != nil || attempts == 0 {
		return admission{opened, func() {}}, err
	}
	timeout := time.NewTimer(quarantineWait)
	defer timeout.Stop()
	select {
	case p.quarantine <- struct{}{}:
		return admission{opened, func() { <-p.quarantine }}, nil
	case <-opened.Done():
		if _, err := p.breaker.Watch(); err != nil {
			return admission{}, err
		}
	case <-timeout.C:
	case <-p.ending.Done():
	}
	return admission{}, errQuarantine
}
