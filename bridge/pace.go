package main

import (
	"net/http"
	"time"

	"lineup.dev/lineup/pkg/event"
)

// pace learns how many events the sink takes at once, between 1 and a limit: additive
// increase, multiplicative decrease. It counts in rounds of as many answers as are allowed at
// once. After a round in which they were needed one more is allowed, or twice as many until
// the sink showed its limit for the first time. When the sink says that it has too much, or
// does not answer, half as many are at once; when its answers take longer than they need, a
// tenth less: more at once only wait there.
type pace struct {
	most    int
	allowed int
	learned bool // the sink showed that there is a limit

	answers int // of the round
	took    time.Duration
	needed  bool          // as many were in flight as are allowed
	passed  int           // answers to pass over: to what was sent before less was allowed
	usual   time.Duration // what an answer takes when nothing waits at the sink; 0: not known yet
}

const (
	// paceFirst are allowed at first: few, so that it is seen what an answer takes by itself.
	// Slow answers alone do not go below.
	paceFirst = 4
	// paceSlow is how many times its usual time an answer takes when others waited before it.
	paceSlow = 2
	// paceQuick is a time that is never slow: there it says more of this machine than of the sink.
	paceQuick = 20 * time.Millisecond
)

func newPace(most int) *pace { return &pace{most: most, allowed: min(paceFirst, most)} }

// learn takes an answer, and how many were in flight with it. It tells whether another number
// is allowed since.
func (p *pace) learn(a event.Answer, took time.Duration, inFlight int) (changed bool) {
	before := p.allowed
	switch p.needed = p.needed || inFlight >= p.allowed; {
	case p.passed > 0:
		p.passed--
	case overloaded(a):
		p.allowed, p.learned, p.passed = max(1, p.allowed/2), true, inFlight-1
		p.begin()
	case a.Accepted(): // any other is quick, and says nothing of how much the sink takes
		p.answers++
		if p.took += took; p.answers >= p.allowed {
			p.endRound()
			p.begin()
		}
	}
	return p.allowed != before
}

// begin begins a round.
func (p *pace) begin() { p.answers, p.took, p.needed = 0, 0, false }

// overloaded tells of an answer by which a sink says that it has too much, or of none in time.
func overloaded(a event.Answer) bool {
	return a.Status == 0 || a.Status == http.StatusTooManyRequests || a.Status == http.StatusServiceUnavailable
}

func (p *pace) endRound() {
	average := p.took / time.Duration(p.answers)
	if p.usual == 0 || average < p.usual {
		p.usual = average
	}
	switch {
	case average > max(paceQuick, paceSlow*p.usual) && p.allowed > paceFirst:
		p.allowed, p.learned = max(paceFirst, p.allowed-max(1, p.allowed/10)), true
	case average > max(paceQuick, paceSlow*p.usual):
		p.usual += p.usual / 4 // so few do not wait for each other: each is more work now
	case p.needed && p.learned:
		p.allowed = min(p.most, p.allowed+1)
	case p.needed:
		p.allowed = min(p.most, 2*p.allowed)
	}
}
