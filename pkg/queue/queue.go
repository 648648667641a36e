// Package queue publishes messages to one of several nsqds and asks all of them how
// many wait.
//
// nsqd is contacted by the first call that needs it, never before, so that a
// program which is started for one request loses no time. A message is published
// at least once: where a connection breaks before nsqd has answered, the message
// is sent a second time, to the same nsqd or to the next.
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
	"strings"
	"time"

	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/pkg/dial"
	"lineup.dev/lineup/pkg/serve"
)

var (
	// ErrTooLarge says that a message is longer than nsqd takes, now and later.
	ErrTooLarge = errors.New("message too large for nsqd")
	// ErrClosed says that the queue was closed.
	ErrClosed = errors.New("queue is closed")

	errTimeout = errors.New("nsqd did not answer in time")
)

// Queue publishes to the first nsqd of several that takes its messages, and stays with
// it. It may be used by many goroutines at once.
type Queue struct {
	settings Settings
	link     link
	http     *http.Client
	scheme   string        // of http
	turn     chan struct{} // holds one element while somebody uses what follows
	current  int           // of Settings.Addresses
	conn     *connection   // to it; nil until needed, and after it broke
	closed   bool
}

// New makes a queue without contacting nsqd.
func New(s Settings) (*Queue, error) {
	if err := serve.Check(&s); err != nil {
		return nil, err
	}
	link, err := s.open()
	if err != nil {
		return nil, err
	}
	q := &Queue{settings: s, link: link, scheme: "http", turn: make(chan struct{}, 1)}
	transport := dial.Transport(1)
	transport.Proxy = nil              // nsqd is not behind one
	transport.DisableKeepAlives = true // it is asked about once a minute: a connection kept so long may have gone silent
	if s.TLS == "on" {
		q.scheme, transport.TLSClientConfig = "https", link.tls
	}
	q.http = &http.Client{Transport: transport}
	return q, nil
}

// Publish puts the messages into topic, in order. It returns when an nsqd has them,
// when ctx ends, or when no nsqd took a batch, each within Settings.Timeout. After an
// error some of the messages may have been published; publishing them again is the
// caller's choice. The error is ErrTooLarge when one of them can never be published.
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
			return fmt.Errorf("publish to topic %s%w", topic, err)
		}
	}
	return nil
}

// publish gives the batch to the current nsqd or, where that fails, to the others in
// their order. The error tells of each, and begins as a sentence goes on.
func (q *Queue) publish(ctx context.Context, topic string, batch [][]byte) error {
	command := nsq.Publish(topic, batch[0])
	if len(batch) > 1 {
		var err error
		if command, err = nsq.MultiPublish(topic, batch); err != nil {
			return fmt.Errorf(": %w", err)
		}
	}
	count := len(q.settings.Addresses)
	ctx, cancel := context.WithTimeoutCause(ctx, time.Duration(count+1)*q.settings.Timeout, errTimeout)
	defer cancel()
	select {
	case q.turn <- struct{}{}:
		defer func() { <-q.turn }()
	case <-ctx.Done():
		return fmt.Errorf(" at nsqd %s: %w", strings.Join(q.settings.Addresses, ", "), context.Cause(ctx))
	}
	var errs error
	for tries := count; tries > 0; tries-- {
		old := q.conn != nil
		err := q.publishToCurrent(ctx, command)
		if err == nil {
			return nil
		}
		err = fmt.Errorf(" at nsqd %s: %w", q.settings.Addresses[q.current], err)
		if errs != nil {
			err = fmt.Errorf("%w;%w", errs, err)
		}
		if ctx.Err() != nil || errors.Is(err, ErrTooLarge) || q.closed {
			return err
		}
		q.current = (q.current + 1) % count
		if old && errors.Is(err, errTimeout) {
			tries++ // perhaps only the connection had gone silent: a new one after the other nsqds, if none of them takes it
			continue
		}
		errs = err
	}
	return errs
}

// publishToCurrent takes at most Settings.Timeout, unless an old connection turns out to
// be broken only after a while. Its caller has the turn.
func (q *Queue) publishToCurrent(ctx context.Context, command *nsq.Command) error {
	if q.closed {
		return ErrClosed
	}
	used := q.conn != nil
	err := q.send(ctx, command)
	if used && errors.As(err, new(brokenError)) && ctx.Err() == nil {
		err = q.send(ctx, command) // nsqd was restarted
	}
	return err
}

// send makes a connection if there is none and keeps it if it stays good. It takes at
// most Settings.Timeout. Its caller has the turn.
func (q *Queue) send(ctx context.Context, command *nsq.Command) error {
	ctx, cancel := context.WithTimeoutCause(ctx, q.settings.Timeout, errTimeout)
	defer cancel()
	if q.conn == nil {
		c, err := connect(ctx, q.settings.Addresses[q.current], q.link)
		if err != nil {
			return err
		}
		q.conn = c
	}
	err := q.conn.exchange(ctx, command)
	if err != nil {
		q.conn.Conn.Close()
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
	if q.conn == nil {
		return nil
	}
	err := q.conn.end()
	q.conn = nil
	return err
}
