package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/queue"
)

const (
	arrivalTimeout = 10 * time.Second // nsqd has to send the messages that it counts
	letterTimeout  = time.Minute      // after which nsqd requeues the letters of a reader that died
)

// deadTopic is where dead letters wait for a person, at one nsqd.
type deadTopic struct {
	nsqd                queue.Settings // of this one
	topic, channel      string
	limit               int      // letters in flight at once
	origin              envelope // of a message that lies there without a letter
	outputBufferTimeout time.Duration
}

// receivedLetter is a dead letter in flight, until its message is finished or
// requeued.
type receivedLetter struct {
	event.DeadLetter
	message *nsq.Message
}

// written is when the letter was published.
func (l *receivedLetter) written() time.Time { return published(l.message) }

// read receives what waits, up to the limit, and calls work with it and with how
// many wait in all. What work has not finished is requeued, however work ends.
func (d deadTopic) read(ctx context.Context, work func(letters []*receivedLetter, waiting int) error) error {
	waiting, err := d.backlog(ctx)
	if err != nil {
		return err
	}
	if waiting == 0 {
		return work(nil, 0)
	}
	count := min(waiting, d.limit)
	consumer, err := newConsumer(subscription{
		topic: d.topic, channel: d.channel, maxInFlight: count,
		msgTimeout: letterTimeout, outputBufferTimeout: d.outputBufferTimeout, reconnect: time.Second, link: d.nsqd.Link,
	}, newNSQLog(slog.New(slog.DiscardHandler), func(string) {}))
	if err != nil {
		return fmt.Errorf("set up reading of topic %s: %w", d.topic, err)
	}
	received := newCollector(count)
	consumer.AddHandler(received)
	defer func() {
		consumer.ChangeMaxInFlight(0) // or nsqd would send again what is requeued
		received.close()
		stopConsumer(consumer)
	}()
	err = d.nsqd.Reach(ctx, d.address())
	if err == nil {
		err = consumer.ConnectToNSQD(d.address())
	}
	if err != nil {
		return fmt.Errorf("connect to nsqd %s: %w; see that NSQD_ADDRESS is its TCP address", d.address(), err)
	}
	messages, err := received.wait(ctx)
	if err != nil {
		return err
	}
	consumer.ChangeMaxInFlight(0) // or another would come for each that is finished
	letters := make([]*receivedLetter, len(messages))
	for i, m := range messages {
		letters[i] = &receivedLetter{DeadLetter: parseDeadLetter(m, d.origin), message: m}
	}
	return work(letters, waiting)
}

// address is this nsqd's, TCP.
func (d deadTopic) address() string { return d.nsqd.Addresses[0] }

func (d deadTopic) backlog(ctx context.Context) (int, error) {
	q, err := queue.New(d.nsqd)
	if err != nil {
		return 0, err
	}
	defer q.Close()
	waiting, err := q.Backlog(ctx, d.topic, d.channel)
	if err != nil {
		return 0, fmt.Errorf("%w; see that NSQD_HTTP_ADDRESS is this nsqd's", err)
	}
	return waiting, nil
}

// collector keeps the first messages that come in flight. Every other one, and
// whatever comes when it is closed, is requeued at once: go-nsq goes on handing over
// what was on its way, even while it stops.
type collector struct {
	count    int
	complete chan struct{} // closed when count messages came

	mu       sync.Mutex
	messages []*nsq.Message
	closed   bool
}

func newCollector(count int) *collector {
	return &collector{count: count, complete: make(chan struct{})}
}

// HandleMessage is called by go-nsq.
func (c *collector) HandleMessage(m *nsq.Message) error {
	m.DisableAutoResponse()
	if !c.add(m) {
		m.RequeueWithoutBackoff(0)
	}
	return nil
}

func (c *collector) add(m *nsq.Message) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.messages) == c.count {
		return false
	}
	c.messages = append(c.messages, m)
	if len(c.messages) == c.count {
		close(c.complete)
	}
	return true
}

// wait gives the messages. That fewer come than nsqd has counted is no error:
// another reader may have some in flight.
func (c *collector) wait(ctx context.Context) ([]*nsq.Message, error) {
	late := time.NewTimer(arrivalTimeout)
	defer late.Stop()
	select {
	case <-c.complete:
	case <-late.C:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.messages) == 0 {
		return nil, errors.New("another reader has the dead letters in flight: try again in a minute")
	}
	return c.messages[:len(c.messages):len(c.messages)], nil
}

// close requeues what was not finished.
func (c *collector) close() {
	c.mu.Lock()
	c.closed = true
	messages := c.messages
	c.mu.Unlock()
	for _, m := range messages {
		m.RequeueWithoutBackoff(0) // does nothing to one that is finished
	}
}
