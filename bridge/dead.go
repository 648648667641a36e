package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/queue"
)

// deadLetter is the data of a dead letter: a message that the sink refused.
type deadLetter struct {
	NSQD      string    `json:"nsqd"` // host:port
	Topic     string    `json:"topic"`
	Channel   string    `json:"channel"`
	Message   string    `json:"message"` // nsqd's id
	Published time.Time `json:"published"`
	Attempts  uint16    `json:"attempts"`
	Status    int       `json:"status"` // of the sink's answer
	Reason    string    `json:"reason"` // what the sink said
	Body      []byte    `json:"body"`   // the message itself, in base64
}

// letter makes the dead letter of a message, with an id that is the same however
// often it is made.
func (s *settings) letter(m *nsq.Message, a event.Answer) ([]byte, error) {
	e := cloudevents.New(cloudevents.CloudEventsVersionV1)
	e.SetType(event.TypeNSQDead)
	e.SetSource(event.SourceBridge)
	e.SetID(s.messageID(m) + ".dead")
	err := e.SetData(cloudevents.ApplicationJSON, deadLetter{
		NSQD: m.NSQDAddress, Topic: s.Topic, Channel: s.Channel, Message: string(m.ID[:]),
		Published: time.Unix(0, m.Timestamp).UTC(), Attempts: m.Attempts,
		Status: a.Status, Reason: a.String(), Body: m.Body,
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(e)
}

// bury publishes the dead letter of a message to the nsqd that the message came
// from.
func (b *bridge) bury(ctx context.Context, m *nsq.Message, a event.Answer) error {
	letter, err := b.letter(m, a)
	if err != nil {
		return fmt.Errorf("write the dead letter of message %s: %w", m.ID, err)
	}
	q, err := b.dead.at(m.NSQDAddress)
	if err != nil {
		return err
	}
	err = q.Publish(ctx, b.DeadTopic, letter)
	if errors.Is(err, queue.ErrTooLarge) {
		err = q.Publish(ctx, b.DeadTopic, m.Body) // it came from there, so it fits
	}
	return err
}

// queues holds a queue for each nsqd that dead letters went to.
type queues struct {
	settings queue.Settings // all but the address
	mu       sync.Mutex
	open     map[string]*queue.Queue
}

func (q *queues) at(address string) (*queue.Queue, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if opened, ok := q.open[address]; ok {
		return opened, nil
	}
	s := q.settings
	s.Address = address
	opened, err := queue.New(s)
	if err != nil {
		return nil, err
	}
	q.open[address] = opened
	return opened, nil
}

func (q *queues) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, opened := range q.open {
		opened.Close()
	}
}
