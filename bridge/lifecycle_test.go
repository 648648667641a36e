package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
)

func TestWithoutASinkItWaitsAndIsNotReady(t *testing.T) {
	t.Parallel()
	b, stop := start(t, &deptest.NSQD{TCP: "127.0.0.1:1"}, "", nil) // it does not come to reading
	if err := b.ready(t.Context()); err == nil {
		t.Error("ready without K_SINK")
	}
	stop() // start fails the test if it ended with an error
}

func TestItEndsWhileNSQDIsNotThere(t *testing.T) {
	t.Parallel()
	url, _ := sinkOf(t, nil)
	_, stop := start(t, &deptest.NSQD{TCP: "127.0.0.1:1"}, url, nil) // nobody listens there
	ended := make(chan struct{})
	go func() { stop(); close(ended) }()
	receive(t, ended, "the end")
}

func TestItStartsBeforeNSQDAndBecomesReady(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	nsqd.Stop()
	url, arrivals := sinkOf(t, nil)
	b, _ := start(t, nsqd, url, nil)
	if err := b.ready(t.Context()); err == nil {
		t.Error("ready without an nsqd")
	}
	nsqd.Start(t)
	testkit.Eventually(t, patience, "ready", func() bool { return b.ready(t.Context()) == nil })
	publish(t, nsqd, "images", "hello")
	receive(t, arrivals, "the message")
}

func TestAtTheEndEventsAtTheSinkAreWaitedFor(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	answer := make(chan struct{})
	url, arrivals := sinkOf(t, func(http.ResponseWriter, arrival) { <-answer })
	_, stop := start(t, nsqd, url, func(s *settings) { s.MaxInFlight = []int{2} })
	publish(t, nsqd, "images", "1", "2", "3", "4")
	receive(t, arrivals, "a message")
	receive(t, arrivals, "another message")
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	testkit.Eventually(t, patience, "nothing new is taken", func() bool { return countsOf(t, nsqd, "images", "process").ready() == 0 })
	select {
	case <-stopped:
		t.Fatal("it ended while events were at the sink")
	default:
	}
	close(answer)
	receive(t, stopped, "the end")
	if c := countsOf(t, nsqd, "images", "process"); c.InFlight != 0 || c.Depth+c.Deferred != 2 || len(arrivals) != 0 {
		t.Errorf("two events were taken, two messages are left; nsqd says %+v", c)
	}
}

func TestAfterTheGraceTimeMessagesAreGivenBackAtOnce(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	hung := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		r.Body.Close()
		<-r.Context().Done() // until the bridge hangs up
	}))
	t.Cleanup(hung.Close)
	_, stop := start(t, nsqd, hung.URL, func(s *settings) { s.MaxInFlight, s.Grace = []int{3}, 200*time.Millisecond })
	publish(t, nsqd, "images", "1", "2", "3", "4")
	testkit.Eventually(t, patience, "the sink is busy", func() bool { return countsOf(t, nsqd, "images", "process").InFlight == 3 })
	began := time.Now()
	stop()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v to end, with a grace time of 200ms", took)
	}
	if c := countsOf(t, nsqd, "images", "process"); c.InFlight != 0 || c.Deferred != 0 || c.Depth != 4 {
		t.Errorf("all four messages are to be had at once; nsqd says %+v", c)
	}
}

// Messages are on their way to the bridge whenever it ends.
func TestABridgeThatEndsUnderLoadLeavesNothingInFlight(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	url, arrivals := sinkOf(t, nil)
	bodies := make([]string, 500)
	for i := range bodies {
		bodies[i] = fmt.Sprint(i)
	}
	publish(t, nsqd, "images", bodies...)
	for round := range 10 {
		_, stop := start(t, nsqd, url, nil)
		receive(t, arrivals, "a message")
		stop()
		if c := countsOf(t, nsqd, "images", "process"); c.InFlight != 0 || c.TimedOut != 0 {
			t.Errorf("round %d: %+v", round, c)
		}
		publish(t, nsqd, "images", "more")
	}
}
