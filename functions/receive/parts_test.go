package main

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/queue"
	"lineup.dev/lineup/pkg/store"
)

// parts are what was told, by their names.
func (s *system) parts(t *testing.T) map[string]store.Part {
	t.Helper()
	parts := map[string]store.Part{}
	for _, part := range testkit.Must(s.store.Stats(t.Context()))(t).Parts {
		parts[part.Name] = part
	}
	return parts
}

func TestAPingTellsOfNSQDDeadLettersAndRoots(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	there, gone := t.TempDir(), t.TempDir()+"/gone"
	roots := testkit.Must(photo.Open(there + "," + gone))(t)
	t.Cleanup(func() { roots.Close() })
	teller := s.teller(t)
	teller.roots = []interface {
		Reach(ctx context.Context) map[string]error
	}{roots, roots}
	testkit.Succeed(t, teller.tell(t.Context()))
	parts := s.parts(t)
	want := map[string]string{
		"nsqd": "reachable", "root " + there + "/": "reachable", "root " + gone + "/": "unreachable",
		"dead letters of images": "none", "dead letters of photos": "none", "dead letters of rematches": "none",
	}
	for name, state := range want {
		if part := parts[name]; part.State != state || (part.Detail == "") != (state == "reachable" || state == "none") {
			t.Errorf("%s is told as %+v, want %s", name, part, state)
		}
	}
	if len(parts) != len(want) {
		t.Errorf("told are %v", slices.Collect(maps.Keys(parts)))
	}

	nsq := s.queue(t)
	testkit.Succeed(t, nsq.Publish(t.Context(), "photos.dead", []byte("a"), []byte("b")))
	testkit.Succeed(t, s.sweeper.parts.tell(t.Context()))
	if part := s.parts(t)["dead letters of photos"]; part.State != "waiting" || !strings.HasPrefix(part.Detail, "2 in the topic photos.dead") {
		t.Errorf("of two dead letters it is told %+v", part)
	}

	teller.queue = &awayQueue{}
	testkit.Succeed(t, teller.tell(t.Context()))
	if part := s.parts(t)["nsqd"]; part.State != "unreachable" {
		t.Errorf("nsqd that is away is told as %+v", part)
	}
}

type awayQueue struct{}

func (*awayQueue) Backlog(context.Context, string, string) (int, error) { return 0, errFake }

func (s *system) teller(t *testing.T) *partTeller {
	t.Helper()
	teller, is := s.sweeper.parts.(*partTeller)
	if !is {
		t.Fatal("a sweep tells of no parts")
	}
	return teller
}

func (s *system) queue(t *testing.T) *queue.Queue {
	t.Helper()
	return s.publisher.queue
}

func TestDeadLetterTopicsAreOneForEachTopic(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		dead DeadLetters
		ok   bool
		of   string
	}{
		{DeadLetters{DeadChannel: "dead"}, true, "photos.dead"},
		{DeadLetters{DeadChannel: "dead", DeadTopics: []string{"a", "b", "c"}}, true, "b"},
		{DeadLetters{DeadChannel: "dead", DeadTopics: []string{"a"}}, false, ""},
		{DeadLetters{DeadChannel: "dead", DeadTopics: []string{"a", "b b", "c"}}, false, ""},
		{DeadLetters{DeadChannel: "d d"}, false, ""},
	} {
		err := c.dead.Check()
		if (err == nil) != c.ok || err == nil && c.dead.deadTopic(1, "photos") != c.of {
			t.Errorf("%+v: %v, %q", c.dead, err, c.of)
		}
	}
}
