package main

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
)

func TestASlowSinkKeepsItsMessage(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	url, arrivals := sinkOf(t, func(http.ResponseWriter, arrival) { time.Sleep(1500 * time.Millisecond) })
	start(t, nsqd, url, func(s *settings) { s.MsgTimeout = time.Second })
	publish(t, nsqd, "images", "slow")
	receive(t, arrivals, "the message")
	testkit.Eventually(t, patience, "it is finished", func() bool { return countsOf(t, nsqd, "images", "process").left() == 0 })
	if c := countsOf(t, nsqd, "images", "process"); c.TimedOut != 0 || c.Requeued != 0 || len(arrivals) != 0 {
		t.Errorf("nsqd gave it away meanwhile: %+v", c)
	}
}

func TestAMessageThatComesAgainHasTheSameID(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	url, arrivals := sinkOf(t, once(status(http.StatusInternalServerError)))
	start(t, nsqd, url, nil)
	publish(t, nsqd, "images", "plain")
	first, second := receive(t, arrivals, "the message"), receive(t, arrivals, "the message again")
	if first.event.ID() != second.event.ID() || first.attempts(t) != 1 || second.attempts(t) != 2 {
		t.Errorf("%s, then %s", first.event, second.event)
	}
}

func TestNothingIsDroppedForHavingBeenTriedOften(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	url, arrivals := sinkOf(t, func(w http.ResponseWriter, d arrival) {
		if d.attempts(t) <= 12 { // go-nsq's own limit is 5
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	start(t, nsqd, url, func(s *settings) { s.RetryMin, s.RetryMax = time.Millisecond, 20*time.Millisecond })
	publish(t, nsqd, "images", "stubborn")
	for attempt := 1; attempt <= 13; attempt++ {
		if n := receive(t, arrivals, fmt.Sprint("attempt ", attempt)).attempts(t); n != attempt {
			t.Fatalf("attempt %d says it is attempt %d", attempt, n)
		}
	}
	testkit.Eventually(t, patience, "nothing is left", func() bool {
		c := countsOf(t, nsqd, "images", "process")
		return c.Depth+c.InFlight+c.Deferred == 0 && c.Requeued == 12
	})
}

func TestNoStormDuringAPause(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	var bodies []string
	for i := range 300 {
		bodies = append(bodies, fmt.Sprint(i))
	}
	publish(t, nsqd, "images", bodies...)
	over := time.Now().Add(1500 * time.Millisecond)
	url, arrivals := sinkOf(t, func(w http.ResponseWriter, _ arrival) {
		if time.Now().Before(over) {
			status(503, "Retry-After", "1")(w)
		}
	})
	start(t, nsqd, url, func(s *settings) { s.MaxInFlight = []int{16} })
	delivered, refused := map[string]bool{}, 0
	for len(delivered) < len(bodies) {
		d := receive(t, arrivals, "all messages")
		if d.at.Before(over) {
			refused++
		} else {
			delivered[d.body()] = true
		}
		if d.attempts(t) > 8 {
			t.Errorf("message %s is at attempt %d", d.body(), d.attempts(t))
		}
	}
	// Two rounds of a second each, in which at most those in flight, and those on
	// their way when the first answer came, are tried.
	if refused > 2*2*16 {
		t.Errorf("the sink was asked %d times while it could do nothing", refused)
	}
	t.Logf("asked %d times in 1.5 s of pauses; nsqd counts %+v", refused, countsOf(t, nsqd, "images", "process"))
}

func TestTwoBridgesShareAChannel(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	var mu sync.Mutex
	seen := map[string]int{}
	url, arrivals := sinkOf(t, func(_ http.ResponseWriter, d arrival) {
		mu.Lock()
		defer mu.Unlock()
		seen[d.body()]++
	})
	start(t, nsqd, url, nil)
	start(t, nsqd, url, nil)
	testkit.Eventually(t, patience, "both read", func() bool { return len(countsOf(t, nsqd, "images", "process").Clients) == 2 })
	var bodies []string
	for i := range 200 {
		bodies = append(bodies, fmt.Sprint(i))
	}
	publish(t, nsqd, "images", bodies...)
	for range bodies {
		receive(t, arrivals, "all messages")
	}
	testkit.Eventually(t, patience, "nothing is left", func() bool { return countsOf(t, nsqd, "images", "process").left() == 0 })
	mu.Lock()
	defer mu.Unlock()
	for body, n := range seen {
		if n != 1 {
			t.Errorf("message %s came %d times", body, n)
		}
	}
}
