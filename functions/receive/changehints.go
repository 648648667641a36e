package main

import (
	"context"
	"errors"
	"slices"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/queue"
	"lineup.dev/lineup/pkg/store"
)

// hintedChanges is how many changes one hint stands for.
const hintedChanges = 100

// changeHints has process announce what hands changed of people.
type changeHints struct {
	queue *queue.Queue
	topic string
	store *store.Store
}

// publishDue publishes hints for up to limit changes that are due.
func (h changeHints) publishDue(ctx context.Context, age time.Duration, limit int) (published int, err error) {
	due, err := h.store.DueChanges(ctx, age, limit)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	var last []int64
	for some := range slices.Chunk(due, hintedChanges) {
		last = append(last, some[len(some)-1])
	}
	err = publishHints(ctx, h.queue, h.topic, last, func(id int64) (cloudevents.Event, error) { return event.ChangeSubmitted(id, event.Trace{}) })
	if err != nil {
		return 0, err
	}
	return len(due), h.store.MarkChangesHinted(ctx, due)
}

// allHints are hints of several kinds that go to one topic.
type allHints []dueHints

func (all allHints) publishDue(ctx context.Context, age time.Duration, limit int) (published int, err error) {
	for _, hints := range all {
		n, failed := hints.publishDue(ctx, age, limit)
		published, err = published+n, errors.Join(err, failed)
	}
	return published, err
}
