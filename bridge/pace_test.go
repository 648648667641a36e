package main

import (
	"net/http"
	"testing"
	"time"

	"lineup.dev/lineup/pkg/event"
)

// simulated is a sink that works on so many events at a time, each for a while; the others
// wait, and of these it refuses those beyond its queue.
type simulated struct {
	workers, queue int
	takes          time.Duration
}

// round sends as many at once as are allowed, and gives the most that were.
func (s simulated) round(p *pace) {
	n := p.allowed
	for i := range n {
		answer := event.Answer{Status: http.StatusAccepted}
		if i >= s.workers+s.queue {
			answer.Status = http.StatusServiceUnavailable
		}
		p.learn(answer, s.takes*time.Duration(i/s.workers+1), n-i)
	}
}

func TestAsManyAreInFlightAsTheSinkTakes(t *testing.T) {
	for name, c := range map[string]struct {
		sink        simulated
		most        int
		least, best int // in flight after a while
	}{
		"quick":                        {simulated{1, 1000, time.Microsecond}, 64, 64, 64},
		"many at a time":               {simulated{32, 1000, 50 * time.Millisecond}, 64, 32, 64},
		"one at a time":                {simulated{1, 1000, 50 * time.Millisecond}, 64, 4, 16},
		"two at a time":                {simulated{2, 1000, 50 * time.Millisecond}, 64, 4, 20},
		"refuses more than a few":      {simulated{3, 0, time.Millisecond}, 64, 1, 5},
		"refuses more than a few, two": {simulated{2, 16, time.Millisecond}, 64, 9, 20},
		"the setting is the limit":     {simulated{100, 1000, time.Millisecond}, 3, 3, 3},
	} {
		p := newPace(c.most)
		for range 500 {
			c.sink.round(p)
		}
		for range 50 {
			if c.sink.round(p); p.allowed < c.least || p.allowed > c.best {
				t.Errorf("%s: %d are in flight, want %d to %d", name, p.allowed, c.least, c.best)
				break
			}
		}
	}
}

func TestTheSinksChangesAreLearned(t *testing.T) {
	p := newPace(64)
	for range 100 {
		simulated{32, 1000, 50 * time.Millisecond}.round(p)
	}
	many := p.allowed
	for range 10 {
		simulated{1, -1, time.Second}.round(p) // refuses all
	}
	if p.allowed != 1 {
		t.Errorf("of a sink that refuses all %d are in flight, want 1", p.allowed)
	}
	for range 500 {
		simulated{32, 1000, time.Second}.round(p) // what it works on is larger now
	}
	if p.allowed < min(32, many) {
		t.Errorf("after it came back, with more work an event, %d are in flight, want 32 at least", p.allowed)
	}
}

func TestOnlyWhatIsNeededIsAllowed(t *testing.T) {
	p := newPace(64)
	for range 1000 {
		p.learn(event.Answer{Status: http.StatusAccepted}, time.Millisecond, 1)
	}
	if p.allowed != paceFirst {
		t.Errorf("with one in flight at a time %d are allowed", p.allowed)
	}
	for range 1000 { // of one message, not of how much the sink takes
		p.learn(event.Answer{Status: http.StatusConflict}, time.Millisecond, paceFirst)
	}
	if p.allowed != paceFirst {
		t.Errorf("after conflicts %d are allowed", p.allowed)
	}
}
