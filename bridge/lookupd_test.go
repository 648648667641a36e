package main

import (
	"net"
	"net/http"
	"testing"

	"lineup.dev/lineup/local/deptest"
)

func TestNSQDsAreFoundThroughLookupd(t *testing.T) {
	t.Parallel()
	lookupd := deptest.Lookupd(t)
	url, arrivals := sinkOf(t, func(w http.ResponseWriter, d arrival) {
		if d.body() == "bad" {
			w.WriteHeader(http.StatusGone)
		}
	})
	first := deptest.NSQ(t, lookupd.TCP)
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	b, _ := start(t, first, url, func(s *settings) {
		s.Lookupds = []string{nobody.Addr().String(), lookupd.HTTP}
		s.NSQ.Addresses = []string{nobody.Addr().String()}
	})
	if err := b.ready(t.Context()); err != nil {
		t.Errorf("a lookupd answers, but: %v", err)
	}
	publish(t, first, "images", "from the first")
	if d := receive(t, arrivals, "a message of an nsqd that was there"); d.body() != "from the first" {
		t.Errorf("got %q", d.body())
	}
	second := deptest.NSQ(t, lookupd.TCP)
	publish(t, second, "images", "from the second")
	if d := receive(t, arrivals, "a message of an nsqd that came later"); d.body() != "from the second" {
		t.Errorf("got %q", d.body())
	}
	publish(t, second, "images", "bad")
	receive(t, arrivals, "the bad one")
	receive(t, deadLettersAt(t, second, "images.dead"), "a dead letter at the nsqd the message came from")

	first.Stop()
	first.Start(t)
	publish(t, first, "images", "from the first, restarted")
	if d := receive(t, arrivals, "a message of an nsqd that was restarted"); d.body() != "from the first, restarted" {
		t.Errorf("got %q", d.body())
	}
}

func TestWithoutAnyLookupdItIsNotReady(t *testing.T) {
	t.Parallel()
	lookupd := deptest.Lookupd(t)
	nsqd := deptest.NSQ(t)
	url, _ := sinkOf(t, nil)
	b, _ := start(t, nsqd, url, func(s *settings) { s.Lookupds = []string{nsqd.TCP} }) // no HTTP there
	if err := b.ready(t.Context()); err == nil {
		t.Error("ready without an nsqlookupd")
	}
	b, _ = start(t, nsqd, url, func(s *settings) { s.Lookupds = []string{nsqd.TCP, lookupd.HTTP} })
	if err := b.ready(t.Context()); err != nil {
		t.Errorf("one of two nsqlookupds answers: %v", err)
	}
}
