package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/queue"
)

// keepRefused makes dead letters of the events of a batch that were refused while others
// of it were accepted: the answer is a success then, and has no words. Their topic is
// that of the bridge's own, unless DEAD_TOPIC names another there.
func (r *receiver) keepRefused(ctx context.Context, pictures []picture) {
	for _, p := range pictures {
		if p.Error == "" || p.body == nil {
			continue
		}
		if err := r.publisher.publishRefused(ctx, p); err != nil {
			r.log.Error("event refused, but no dead letter can be written", "reason", p.Error, "event", string(p.body), "error", err)
		}
	}
}

func (p publisher) publishRefused(ctx context.Context, refused picture) error {
	e, err := event.DeadLetter{
		Topic: p.topic, Published: time.Now().UTC(), Attempts: 1,
		Status: http.StatusUnprocessableEntity, Reason: refused.Error, Body: refused.body,
	}.Event(event.SourceReceive, fmt.Sprintf("%x.dead", sha256.Sum256(refused.body)))
	if err != nil {
		return err
	}
	letter, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return p.queue.Publish(ctx, queue.DeadTopic(p.topic), letter)
}
