package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/queue"
)

// keepRefused makes a dead letter of each event of a batch that was refused, or of whose
// objects one was, while others were accepted: the answer is a success then, and has no
// words. Their topic is that of the bridge's own, unless DEAD_TOPIC names another there.
func (r *receiver) keepRefused(ctx context.Context, pictures []picture) {
	for _, refused := range refusedEvents(pictures) {
		if err := r.publisher.publishRefused(ctx, refused); err != nil {
			r.log.Error("event refused, but no dead letter can be written", "reason", refused.reason, "event", string(refused.body), "error", err)
		}
	}
}

// postUndelivered keeps events as dead letters that Knative could not deliver: the dead letter
// sink of a Trigger. Its extensions tell why
// (https://knative.dev/docs/eventing/event-delivery).
func (r *receiver) postUndelivered(w http.ResponseWriter, request *http.Request) error {
	request.Body = http.MaxBytesReader(w, request.Body, r.limits.MaxBody)
	events, err := event.Read(request)
	if err != nil {
		return eventError(err)
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	for _, e := range events {
		body := e.Body
		if e.Err == nil {
			if body, err = json.Marshal(e.Event); err != nil {
				return unreadable(err)
			}
		}
		reason := "not delivered:"
		for _, name := range []string{"knativeerrordest", "knativeerrorcode"} {
			if why, ok := e.Event.Extensions()[name]; ok {
				reason += fmt.Sprintf(" %v", why)
			}
		}
		if err := r.publisher.publishRefused(ctx, refusedEvent{body, reason}); err != nil {
			r.log.Error("no dead letter can be written", "event", e.Event.ID(), "error", err)
			return unavailable("the queue does not take the dead letter; send it again")
		}
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

type refusedEvent struct {
	body   []byte
	reason string
}

// refusedEvents gives each event once, however many of its pictures are refused: an event
// of an object store tells of many.
func refusedEvents(pictures []picture) (refused []refusedEvent) {
	reasons := map[string][]string{} // by the event's body
	for _, p := range pictures {
		reason := p.refusal()
		if reason == "" || p.body == nil {
			continue
		}
		body := string(p.body)
		if _, known := reasons[body]; !known {
			refused = append(refused, refusedEvent{body: p.body})
		}
		if !slices.Contains(reasons[body], reason) {
			reasons[body] = append(reasons[body], reason)
		}
	}
	for i := range refused {
		refused[i].reason = strings.Join(reasons[string(refused[i].body)], "; ")
	}
	return refused
}

// messageID is how long nsqd's ids are, by which `bridge dead` tells letters apart.
const messageID = 16

func (p publisher) publishRefused(ctx context.Context, refused refusedEvent) error {
	hash := fmt.Sprintf("%x", sha256.Sum256(refused.body))
	e, err := event.DeadLetter{
		Topic: p.topic, Message: hash[:messageID], Published: time.Now().UTC(), Attempts: 1,
		Status: http.StatusUnprocessableEntity, Reason: refused.reason, Body: refused.body,
	}.Event(event.SourceReceive, hash+".dead")
	if err != nil {
		return err
	}
	letter, err := event.Marshal(e)
	if err != nil {
		return err
	}
	return p.queue.Publish(ctx, queue.DeadTopic(p.topic), letter)
}
