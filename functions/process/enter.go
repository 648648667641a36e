package main

import (
	"context"
	"errors"
	"time"

	"lineup.dev/lineup/pkg/store"
)

// suspectWait is how long a picture under suspicion waits for its turn, and if that
// does not come, until it is tried again.
const suspectWait = time.Second

var errTurn = errors.New("pictures at which a call broke before are looked at one at a time")

// enter lets a claimed picture through to the face server, until leave. The breaker
// is looked at once more: it may have opened while the claim was waited for. The
// context ends when it opens.
//
// A picture at which a call broke before is under suspicion of killing the face
// server. Of such only one enters at a time: one that does kill it is so never twice
// in flight with one that does not, which would end failed together with it.
func (p *processor) enter(claim store.Claim) (closed context.Context, leave func(), err error) {
	closed, err = p.breaker.Closed()
	if err != nil || claim.Attempts == 0 {
		return closed, func() {}, err
	}
	late := time.NewTimer(suspectWait)
	defer late.Stop()
	select {
	case p.suspects <- struct{}{}:
		return closed, func() { <-p.suspects }, nil
	case <-closed.Done():
		_, err = p.breaker.Closed()
	case <-late.C:
	case <-p.ending.Done():
	}
	if err == nil {
		err = errTurn
	}
	return closed, func() {}, err
}
