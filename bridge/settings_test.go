package main

import (
	"testing"
	"time"

	"github.com/kelseyhightower/envconfig"
)

// defaults are the settings of an empty environment.
func defaults(t testing.TB) settings {
	t.Helper()
	s := settings{}
	if err := envconfig.Process("", &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCheckRefusesWhatCannotWork(t *testing.T) {
	for what, change := range map[string]func(*settings){
		"a sink that is no URL":            func(s *settings) { s.Sink = "sink" },
		"a sink of another scheme":         func(s *settings) { s.Sink = "ftp://sink" },
		"a sink without a host":            func(s *settings) { s.Sink = "http:///path" },
		"something to wake that is no URL": func(s *settings) { s.Wake = []string{"face-server:80"} },
		"a topic with a space":             func(s *settings) { s.Topic = "my images" },
		"no channel":                       func(s *settings) { s.Channel = "" },
		"a dead topic that is too long":    func(s *settings) { s.Topic = "a123456789b123456789c123456789d123456789e123456789f123456789g" },
		"dead letters to the topic itself": func(s *settings) { s.DeadTopic = s.Topic },
		"an nsqd without a port":           func(s *settings) { s.NSQD = "nsqd" },
		"an nsqlookupd with a scheme":      func(s *settings) { s.Lookupds = []string{"http://lookupd:4161"} },
		"no messages at once":              func(s *settings) { s.MaxInFlight = 0 },
		"messages without a byte":          func(s *settings) { s.MaxMessage = 0 },
		"no time for the sink":             func(s *settings) { s.SinkTimeout = 0 },
		"a message timeout nsqd refuses":   func(s *settings) { s.MsgTimeout = 999 * time.Millisecond },
		"a negative delay":                 func(s *settings) { s.RetryMin = -time.Second },
	} {
		s := defaults(t)
		s.Sink = "http://sink.example"
		change(&s)
		if err := s.check(); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	s := defaults(t)
	if err := s.check(); err != nil || s.DeadTopic != "images.dead" {
		t.Errorf("defaults: %v, dead letters to %q; want no error and images.dead", err, s.DeadTopic)
	}
	s = settings{Topic: "images#ephemeral"}
	if s.check(); s.DeadTopic != "images.dead" {
		t.Errorf("dead letters of images#ephemeral go to %q, want images.dead", s.DeadTopic)
	}
}
