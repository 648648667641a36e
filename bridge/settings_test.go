package main

import (
	"slices"
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
		"a dead topic that is too long": func(s *settings) {
			s.Topics = []string{"a123456789b123456789c123456789d123456789e123456789f123456789g"}
		},
		"dead letters to the topic itself": func(s *settings) { s.DeadTopics = s.Topics },
		"no topic":                         func(s *settings) { s.Topics = nil },
		"a topic twice":                    func(s *settings) { s.Topics = []string{"images", "images"} },
		"one dead topic for several":       func(s *settings) { s.DeadTopics = []string{"dead"} },
		"a topic that holds dead letters":  func(s *settings) { s.Topics = []string{"images", "images.dead"} },
		"no number of messages":            func(s *settings) { s.MaxInFlight = nil },
		"an nsqlookupd with a scheme":      func(s *settings) { s.Lookupds = []string{"http://lookupd:4161"} },
		"delays that shrink":               func(s *settings) { s.RetryMin = s.RetryMax + time.Second },
	} {
		s := defaults(t)
		s.Sink = "http://sink.example"
		change(&s)
		if err := serve.Check(&s); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func TestEachTopicHasItsOwn(t *testing.T) {
	for _, test := range []struct {
		topics, dead []string
		inFlight     []int
		want         []topic
	}{
		{[]string{"images"}, nil, []int{16, 4}, []topic{{"images", "images.dead", 16}}},
		{[]string{"images#ephemeral"}, []string{"refused"}, []int{3}, []topic{{"images#ephemeral", "refused", 3}}},
		{[]string{"images#ephemeral", "photos", "rematches"}, nil, []int{16, 4}, []topic{{"images#ephemeral", "images.dead", 16}, {"photos", "photos.dead", 4}, {"rematches", "rematches.dead", 4}}},
	} {
		s := settings{Topics: test.topics, DeadTopics: test.dead, MaxInFlight: test.inFlight}
		if got := s.topics(); !slices.Equal(got, test.want) {
			t.Errorf("%v: %v, want %v", test.topics, got, test.want)
		}
	}
}
