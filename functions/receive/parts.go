package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/store"
)

// The states of what receive tells of.
const (
	partReachable   = "reachable"
	partUnreachable = "unreachable"
	partNone        = "none"
	partWaiting     = "waiting"
)

// reachTime is how long a ping waits for the roots to say that they are there.
const reachTime = 15 * time.Second

// partTeller tells at each ping of what receive uses: nsqd, what the bridge put aside there,
// and where pictures and gallery lie. The bridge itself has no database.
type partTeller struct {
	rows interface {
		TellParts(ctx context.Context, parts ...store.Part) error
	}
	queue   backlogReader
	dead    map[string]string // topics of dead letters, by the topics of the messages
	channel string            // of the dead letters
	roots   []interface {
		Reach(ctx context.Context) map[string]error
	}
	log *slog.Logger
}

func newPartTeller(s settings, o opened, log *slog.Logger) *partTeller {
	t := &partTeller{rows: o.store, queue: o.queue, dead: map[string]string{}, channel: s.DeadChannel, log: log}
	for i, topic := range []string{s.Topic, s.Topics.Photos, s.Topics.Rematches} {
		t.dead[topic] = s.deadTopic(i, topic)
	}
	for _, roots := range []*photo.Roots{o.roots, o.gallery} {
		t.roots = append(t.roots, roots)
	}
	return t
}

// tell fails with the database alone: what cannot be reached is what it tells.
func (t *partTeller) tell(ctx context.Context) error {
	parts := t.ofQueue(ctx)
	reach, cancel := context.WithTimeout(ctx, reachTime)
	defer cancel()
	told := map[string]bool{} // pictures and gallery may lie in one
	for _, roots := range t.roots {
		for name, err := range roots.Reach(reach) {
			if part := t.reachability("root "+name, err); !told[name] {
				told[name], parts = true, append(parts, part)
			}
		}
	}
	return t.rows.TellParts(ctx, parts...)
}

func (t *partTeller) ofQueue(ctx context.Context) (parts []store.Part) {
	var failures []error
	for topic, dead := range t.dead {
		letters, err := t.queue.Backlog(ctx, dead, t.channel)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		part := store.Part{Name: "dead letters of " + topic, State: partNone}
		if letters > 0 {
			part.State, part.Detail = partWaiting, fmt.Sprintf("%d in the topic %s; next: `bridge dead` shows and repeats them", letters, dead)
		}
		parts = append(parts, part)
	}
	return append(parts, t.reachability("nsqd", errors.Join(failures...)))
}

func (t *partTeller) reachability(name string, err error) store.Part {
	if err == nil {
		return store.Part{Name: name, State: partReachable}
	}
	t.log.Warn("a part cannot be reached", "part", name, "error", err)
	return store.Part{Name: name, State: partUnreachable, Detail: "it does not answer as it should; the log of receive says more"}
}
