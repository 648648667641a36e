// Package queue publishes messages to one nsqd and asks it how many wait.
//
// nsqd is contacted by the first call that needs it, never before, so that a
// program which is started for one request loses no time. A message is published
// at least once: where a connection breaks before nsqd has answered, the message
// is sent a second time.
//
// The connection is a plain one on which a command is written and its answer read,
// both by go-nsq's functions for the protocol. go-nsq's Producer is not used: none
// of its calls ends with a context, and when a connection breaks just after it was
// made, v1.1.0 races with itself (close's WaitGroup.Wait with connect's Add).
package queue

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/pkg/serve"
)

// Settings of a Queue, to be embedded in a program's own, which has them filled in
// and checked.
type Settings struct {
	Address     string        `envconfig:"NSQD_ADDRESS" default:"127.0.0.1:4150" form:"address" desc:"nsqd, TCP host:port"`
	HTTPAddress string        `envconfig:"NSQD_HTTP_ADDRESS" default:"127.0.0.1:4151" form:"address" desc:"the same nsqd, HTTP host:port"`
	Timeout     time.Duration `envconfig:"NSQD_TIMEOUT" default:"2s" min:"1ms" max:"1h" desc:"time nsqd has to answer"`
	// The least holds the hint of the longest path, however it is escaped.
	MaxMessage int `envconfig:"NSQD_MAX_MSG_SIZE" default:"1048576" min:"16384" max:"1073741824" desc:"bytes of one message, as nsqd's -max-msg-size"`
	MaxBatch   int `envconfig:"NSQD_MAX_BODY_SIZE" default:"5242880" min:"16384" max:"1073741824" desc:"bytes of messages published together, as nsqd's -max-body-size"`
}

var (
	// ErrTooLarge says that a message is longer than nsqd takes, now and later.
	ErrTooLarge = errors.New("message too large for nsqd")
	// ErrClosed says that the queue was closed.
	ErrClosed = errors.New("queue is closed")

	errTimeout = errors.New("nsqd did not answer in time")
)

// Queue publishes to one nsqd. It may be used by many goroutines at once.
type Queue struct {
	settings Settings
	http     *http.Client
	turn     chan struct{} // holds one element while somebody uses what follows
	conn     *connection   // nil until needed, and after it broke
	closed   bool
}

// New makes a queue without contacting nsqd.
func New(s Settings) (*Queue, error) {
	if err := serve.Check(&s); err != nil {
		return nil, err
	}
	return &Queue{
		settings: s,
		http:     &http.Client{Transport: &http.Transport{}}, // nsqd is not behind a proxy
		turn:     make(chan struct{}, 1),
	}, nil
}

// Publish puts the messages into topic, in order. It returns when nsqd has them,
// when ctx ends, or when nsqd did not take a batch within Settings.Timeout. After
// an error some of the messages may have been published; publishing them again is
// the caller's choice. The error is ErrTooLarge when one of them can never be
// published.
func (q *Queue) Publish(ctx context.Context, topic string, bodies ...[]byte) error {
	if err := CheckName("topic", topic); err != nil {
		return fmt.Errorf("publish to %w", err)
	}
	for _, body := range bodies {
		if len(body) == 0 {
			return fmt.Errorf("publish to topic %s: nsqd takes no empty message", topic)
		}
		if len(body) > q.settings.MaxMessage {
			return fmt.Errorf("publish to topic %s: %w: %d bytes, at most %d: raise NSQD_MAX_MSG_SIZE and nsqd's -max-msg-size",
				topic, ErrTooLarge, len(body), q.settings.MaxMessage)
		}
	}
	for batch := range batches(bodies, q.settings.MaxBatch) {
		if err := q.publish(ctx, topic, batch); err != nil {
			return fmt.Errorf("publish to topic %s at nsqd %s: %w", topic, q.settings.Address, err)
		}
	}
	return nil
}

func (q *Queue) publish(ctx context.Context, topic string, batch [][]byte) error {
	ctx, cancel := context.WithTimeoutCause(ctx, q.settings.Timeout, errTimeout)
	defer cancel()
	command := nsq.Publish(topic, batch[0])
	if len(batch) > 1 {
		var err error
		if command, err = nsq.MultiPublish(topic, batch); err != nil {
			return err
		}
	}
	select {
	case q.turn <- struct{}{}:
		defer func() { <-q.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if q.closed {
		return ErrClosed
	}
	used := q.conn != nil
	err := q.send(ctx, command)
	if used && errors.As(err, new(brokenError)) {
		err = q.send(ctx, command) // nsqd was restarted, most likely
	}
	return err
}

// send makes a connection if there is none and keeps it if it stays good. Its
// caller has the turn.
func (q *Queue) send(ctx context.Context, command *nsq.Command) error {
	if q.conn == nil {
		c, err := connect(ctx, q.settings.Address)
		if err != nil {
			return err
		}
		q.conn = c
	}
	err := q.conn.exchange(ctx, command)
	if err != nil {
		q.conn.Close()
		q.conn = nil
	}
	return err
}

// Close ends the connection. Publish answers ErrClosed from then on; what is on
// its way is waited for.
func (q *Queue) Close() error {
	q.turn <- struct{}{}
	defer func() { <-q.turn }()
	q.closed = true
	q.http.CloseIdleConnections()
	if q.conn == nil {
		return nil
	}
	err := q.conn.Close()
	q.conn = nil
	return err
}
