package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/queue"
)

// Reading of dead letters by a person.
const (
	arrival = 10 * time.Second // nsqd has to hand over what it says waits
	holding = time.Minute      // after which nsqd takes back what a reader that died held
)

// heldLetter is a message of the dead topic that nsqd keeps for this reader until
// it is given back or finished.
type heldLetter struct {
	deadLetter // of a message that lies there bare: what is known of it
	message    *nsq.Message
}

// hold reads what waits in the dead topic at NSQD_ADDRESS, DEAD_LIMIT letters at
// most, and calls work with them and with how many wait in all. Whatever work has
// not finished goes back to the topic, however work ends.
func (s *settings) hold(ctx context.Context, work func(letters []*heldLetter, waiting int) error) error {
	q, err := queue.New(queue.Settings{Address: s.NSQD, HTTPAddress: s.NSQDHTTP, Timeout: s.NSQDTimeout})
	if err != nil {
		return err
	}
	defer q.Close()
	waiting, err := q.Backlog(ctx, s.DeadTopic, s.DeadChannel)
	if err != nil {
		return fmt.Errorf("%w; see that NSQD_HTTP_ADDRESS is this nsqd's", err)
	}
	if waiting == 0 {
		return work(nil, 0)
	}
	reader, err := newReader(*s, min(waiting, s.DeadLimit))
	if err != nil {
		return fmt.Errorf("set up reading of topic %s: %w", s.DeadTopic, err)
	}
	defer reader.close()
	letters, err := reader.read(ctx, s)
	if err != nil {
		return err
	}
	return work(letters, waiting)
}

// reader holds messages of the dead topic.
type reader struct {
	consumer *nsq.Consumer
	count    int
	messages chan *nsq.Message // as many as are wanted
	held     []*nsq.Message
	closing  atomic.Bool
}

func newReader(s settings, count int) (*reader, error) {
	s.Topic, s.Channel = s.DeadTopic, s.DeadChannel
	s.MaxInFlight, s.MsgTimeout = count, holding
	consumer, err := newConsumer(s, newNSQLog(slog.New(slog.DiscardHandler), func(string) {}))
	if err != nil {
		return nil, err
	}
	r := &reader{consumer: consumer, count: count, messages: make(chan *nsq.Message, count)}
	consumer.AddHandler(nsq.HandlerFunc(func(m *nsq.Message) error {
		m.DisableAutoResponse()
		if len(r.messages) == count || r.closing.Load() {
			m.RequeueWithoutBackoff(0) // one more than was asked for
			return nil
		}
		r.messages <- m // there is room: nobody else fills it
		return nil
	}))
	return r, nil
}

// read waits for the messages. That fewer come than nsqd has counted is no error:
// another reader may hold some.
func (r *reader) read(ctx context.Context, s *settings) (letters []*heldLetter, err error) {
	if err := r.consumer.ConnectToNSQD(s.NSQD); err != nil {
		return nil, fmt.Errorf("connect to nsqd %s: %w; see that NSQD_ADDRESS is its TCP address", s.NSQD, err)
	}
	late := time.NewTimer(arrival)
	defer late.Stop()
	for len(r.held) < r.count {
		select {
		case m := <-r.messages:
			r.held = append(r.held, m)
			letters = append(letters, s.open(m))
			continue
		case <-late.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		break
	}
	r.consumer.ChangeMaxInFlight(0) // or new ones would come for each that is finished
	if len(letters) == 0 {
		return nil, errors.New("the dead letters are held by another reader: try again in a minute")
	}
	return letters, nil
}

// close gives back what was not finished and waits until nsqd has heard of it.
func (r *reader) close() {
	r.closing.Store(true)
	r.consumer.ChangeMaxInFlight(0)
	for len(r.messages) > 0 { // where reading was broken off
		r.held = append(r.held, <-r.messages)
	}
	for _, m := range r.held {
		m.RequeueWithoutBackoff(0) // does nothing to one that is finished
	}
	r.consumer.Stop()
	select {
	case <-r.consumer.StopChan:
	case <-time.After(closing):
	}
}

// open reads a message of the dead topic.
func (s *settings) open(m *nsq.Message) *heldLetter {
	var e cloudevents.Event
	held := &heldLetter{message: m}
	err := json.Unmarshal(m.Body, &e)
	if err == nil && e.Type() == event.TypeNSQDead {
		err = e.DataAs(&held.deadLetter)
	}
	if err != nil || e.Type() != event.TypeNSQDead || held.Topic == "" {
		held.deadLetter = deadLetter{
			Topic: s.Topic, Channel: s.Channel, Message: string(m.ID[:]), Body: m.Body,
			Reason: "not told here, it lies here bare: the log of the bridge says it",
		}
	}
	return held
}

// buried is when the letter was written.
func (l *heldLetter) buried() time.Time { return time.Unix(0, l.message.Timestamp).UTC() }

func (l *heldLetter) String() string {
	return fmt.Sprintf("%s  %s  from %s/%s, attempts: %d\n    why   %s\n    body  %s\n",
		l.Message, l.buried().Format(time.DateTime), printable(l.Topic), printable(l.Channel), l.Attempts,
		printable(l.Reason), printable(string(l.Body)))
}

// shownBytes is how much of a text that came from elsewhere is shown.
const shownBytes = 300

// printable is the beginning of a text, on one line, and harmless on a terminal.
func printable(text string) string {
	var shown strings.Builder
	for _, c := range strings.ToValidUTF8(text[:min(len(text), shownBytes)], "\uFFFD") {
		if strconv.IsPrint(c) {
			shown.WriteRune(c)
		} else {
			shown.WriteString(strings.Trim(strconv.QuoteRuneToASCII(c), "'"))
		}
	}
	if len(text) > shownBytes {
		fmt.Fprintf(&shown, "… (%d bytes)", len(text))
	}
	return shown.String()
}
