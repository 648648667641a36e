package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/queue"
)

// deadLetters publishes the messages that the sink refused, each to the nsqd that
// it came from.
type deadLetters struct {
	envelope envelope
	topic    string
	settings queue.Settings // all but the addresses

	mu     sync.Mutex
	queues map[string]*queue.Queue // by nsqd's address; nil when closed
}

func newDeadLetters(v envelope, topic string, s queue.Settings) *deadLetters {
	return &deadLetters{envelope: v, topic: topic, settings: s, queues: make(map[string]*queue.Queue)}
}

// publish returns when nsqd has the dead letter of the message.
func (d *deadLetters) publish(ctx context.Context, m *nsq.Message, answer event.Answer) error {
	letter, err := d.letter(m, answer)
	if err != nil {
		return fmt.Errorf("write the dead letter of message %s: %w", m.ID, err)
	}
	q, err := d.queue(m.NSQDAddress)
	if err != nil {
		return err
	}
	err = q.Publish(ctx, d.topic, letter)
	if errors.Is(err, queue.ErrTooLarge) {
		err = q.Publish(ctx, d.topic, m.Body) // it came from there, so it fits
	}
	return err
}

// letter makes the dead letter of a message, with an id that is the same however
// often it is made.
func (d *deadLetters) letter(m *nsq.Message, answer event.Answer) ([]byte, error) {
	e, err := event.DeadLetter{
		NSQD: m.NSQDAddress, Topic: d.envelope.topic, Channel: d.envelope.channel, Message: string(m.ID[:]),
		Published: published(m), Attempts: m.Attempts,
		Status: answer.Status, Reason: answer.String(), Body: m.Body,
	}.Event(d.envelope.source, d.envelope.id(m)+".dead")
	if err != nil {
		return nil, err
	}
	return event.Marshal(e)
}

func (d *deadLetters) queue(address string) (*queue.Queue, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.queues == nil {
		return nil, queue.ErrClosed
	}
	if q, ok := d.queues[address]; ok {
		return q, nil
	}
	q, err := queue.New(d.settings.At(address))
	if err != nil {
		return nil, err
	}
	d.queues[address] = q
	return q, nil
}

func (d *deadLetters) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, q := range d.queues {
		q.Close()
	}
	d.queues = nil
}

// parseDeadLetter reads a message of the dead topic. Of one that is no dead letter
// but a refused message alone, of origin, it tells what can be known.
func parseDeadLetter(m *nsq.Message, origin envelope) event.DeadLetter {
	var letter event.DeadLetter
	e, err := event.Unmarshal(m.Body)
	if err == nil && e.Type() == event.TypeNSQDead {
		err = e.DataAs(&letter)
	}
	if err != nil || e.Type() != event.TypeNSQDead || letter.Topic == "" {
		return event.DeadLetter{
			Topic: origin.topic, Channel: origin.channel, Message: string(m.ID[:]), Body: m.Body,
			Reason: "unknown: the letter would have been too large, so this is the message alone; the bridge's log has the reason",
		}
	}
	return letter
}
