package main

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
)

func TestItReconnectsToARestartedNSQD(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	url, arrivals := sinkOf(t, nil)
	b, _ := start(t, nsqd, url, nil)
	for round := range 3 {
		body := fmt.Sprint("round ", round)
		publish(t, nsqd, "images", body)
		if d := receive(t, arrivals, body); d.body() != body {
			t.Fatalf("got %q, want %q", d.body(), body)
		}
		testkit.Eventually(t, patience, body+" finished", func() bool { return countsOf(t, nsqd, "images", "process").InFlight == 0 })
		nsqd.Stop()
		testkit.Eventually(t, patience, "not ready without nsqd", func() bool { return b.ready(t.Context()) != nil })
		stopped := time.Now()
		nsqd.Start(t)
		testkit.Eventually(t, patience, "ready again", func() bool { return b.ready(t.Context()) == nil })
		if took := time.Since(stopped); took > 5*time.Second {
			t.Errorf("it took %v to reconnect", took)
		}
	}
}

func TestAMessageAtTheSinkWhileNSQDRestartsComesAgain(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	answer := make(chan struct{})
	url, arrivals := sinkOf(t, func(http.ResponseWriter, arrival) { <-answer })
	start(t, nsqd, url, nil)
	publish(t, nsqd, "images", "hello")
	receive(t, arrivals, "the message")
	nsqd.Stop()
	nsqd.Start(t)
	close(answer)
	receive(t, arrivals, "the message a second time: nsqd never heard that it was taken")
	testkit.Eventually(t, patience, "nothing is left", func() bool { return countsOf(t, nsqd, "images", "process").left() == 0 })
}

func TestItReconnectsWhileAnEventIsAtTheSink(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	over := make(chan struct{})
	var hung atomic.Bool
	url, arrivals := sinkOf(t, func(_ http.ResponseWriter, d arrival) {
		if d.body() == "hung" && !hung.Swap(true) {
			<-over
		}
	})
	t.Cleanup(func() { close(over) })
	start(t, nsqd, url, nil) // with a SINK_TIMEOUT longer than the test's patience
	publish(t, nsqd, "images", "hung")
	receive(t, arrivals, "the message")
	nsqd.Stop()
	nsqd.Start(t)
	publish(t, nsqd, "images", "next")
	testkit.Eventually(t, patience, "the next message comes", func() bool { return receive(t, arrivals, "a message").body() == "next" })
	testkit.Eventually(t, patience, "nothing is left", func() bool { return countsOf(t, nsqd, "images", "process").left() == 0 })
}
