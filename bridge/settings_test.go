package main

import (
	"testing"
	"time"

	"github.com/kelseyhightower/envconfig"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/serve"
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

func TestSettings(t *testing.T) {
	testkit.Settings(t, func() any { s := defaults(t); return &s })
}

func TestRulesBetweenSettings(t *testing.T) {
	for what, change := range map[string]func(*settings){
		"a sink that is no URL":               func(s *settings) { s.Sink = "sink" },
		"something to prewarm that is no URL": func(s *settings) { s.Prewarm = []string{"face-server:80"} },
		"no channel of the dead topic":        func(s *settings) { s.DeadChannel = "" },
		"a dead topic that is too long":       func(s *settings) { s.Topic = "a123456789b123456789c123456789d123456789e123456789f123456789g" },
		"dead letters to the topic itself":    func(s *settings) { s.DeadTopic = s.Topic },
		"an nsqlookupd with a scheme":         func(s *settings) { s.Lookupds = []string{"http://lookupd:4161"} },
		"delays that shrink":                  func(s *settings) { s.RetryMin = s.RetryMax + time.Second },
	} {
		s := defaults(t)
		s.Sink = "http://sink.example"
		change(&s)
		if err := serve.Check(&s); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func TestDeadTopicName(t *testing.T) {
	for _, test := range []struct{ set, topic, want string }{
		{"", "images", "images.dead"},
		{"", "images#ephemeral", "images.dead"},
		{"refused", "images", "refused"},
	} {
		if got := deadTopicName(test.set, test.topic); got != test.want {
			t.Errorf("dead letters of %s go to %q, want %s", test.topic, got, test.want)
		}
	}
}
