package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/queue"
)

const (
	lookupdTimeout = 2 * time.Second  // an nsqlookupd has to answer
	closing        = 3 * time.Second  // nsqd has to confirm that reading ends
	heartbeat      = 10 * time.Second // between two signs of life of an nsqd; it is lost after twice that
)

// bridge carries the messages of one channel to one sink.
type bridge struct {
	settings
	log      *slog.Logger
	retry    retry
	sink     *event.Sink
	wake     *waker
	consumer *nsq.Consumer
	nsqds    *connections
	flow     *flow
	dead     *queues
}

func newBridge(s settings, log *slog.Logger) (*bridge, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	b := &bridge{settings: s, log: log.With("topic", s.Topic, "channel", s.Channel)}
	if s.Sink == "" {
		return b, nil
	}
	var err error
	b.nsqds = &connections{open: make(map[string]connection)}
	if b.consumer, err = newConsumer(s, newNSQLog(log, b.nsqds.read)); err != nil {
		return nil, fmt.Errorf("set up reading of topic %s: %w", s.Topic, err)
	}
	b.flow = newFlow(s.MaxInFlight, b.consumer.ChangeMaxInFlight)
	if b.sink, err = event.NewSink(s.Sink, s.MaxInFlight); err != nil {
		return nil, err
	}
	b.wake = newWaker(s, b.log)
	b.retry = retry{min: s.RetryMin, max: s.RetryMax, deferMax: s.MaxDefer}
	b.dead = &queues{
		settings: queue.Settings{Timeout: s.NSQDTimeout, MaxMessage: s.MaxMessage},
		open:     make(map[string]*queue.Queue),
	}
	return b, nil
}

func newConsumer(s settings, log *nsqLog) (*nsq.Consumer, error) {
	config := nsq.NewConfig()
	config.UserAgent = "lineup-bridge"
	config.HeartbeatInterval = heartbeat
	config.ReadTimeout = 2 * heartbeat
	config.MaxInFlight = s.MaxInFlight
	config.MaxAttempts = 0        // otherwise go-nsq finishes what was tried often, and says nothing
	config.MaxBackoffDuration = 0 // retry.decide does that, message by message
	config.OutputBufferTimeout = s.OutputBufferTimeout
	config.MsgTimeout = s.MsgTimeout
	config.LookupdPollInterval = s.Reconnect // also of attempts to reach a lost nsqd
	config.LookupdPollTimeout = lookupdTimeout
	consumer, err := nsq.NewConsumer(s.Topic, s.Channel, config)
	if err != nil {
		return nil, err
	}
	consumer.SetLogger(log, nsq.LogLevelInfo)
	return consumer, nil
}

// run carries messages until ctx ends. Then it takes no more, gives events at the
// sink their time, gives back what is left, and returns.
func (b *bridge) run(ctx context.Context) error {
	if b.Sink == "" {
		b.log.Warn("waiting, not ready", "why", errNoSink)
		<-ctx.Done()
		return nil
	}
	delivering, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	b.consumer.AddHandler(nsq.HandlerFunc(func(m *nsq.Message) error {
		m.DisableAutoResponse()
		if wait, ok := b.flow.enter(); !ok {
			m.RequeueWithoutBackoff(wait) // it was on its way when the flow stopped
			return nil
		}
		go func() {
			defer b.flow.leave()
			b.deliver(delivering, m)
		}()
		return nil
	}))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var resuming sync.WaitGroup
	resuming.Go(func() { b.flow.run(ctx) })
	err := b.connect(ctx)
	if err == nil {
		<-ctx.Done()
	}

	stop()
	grace := time.AfterFunc(b.Grace, cut)
	b.flow.close()
	grace.Stop()
	cut()
	b.wake.wait()
	b.hangUp()
	resuming.Wait()
	return err
}

// connect returns when reading has begun or ctx ended. From then on go-nsq looks
// for nsqds, and for one that was lost as soon as its last messages were let go.
func (b *bridge) connect(ctx context.Context) error {
	if len(b.Lookupds) > 0 {
		return b.consumer.ConnectToNSQLookupds(b.Lookupds)
	}
	for level := slog.LevelWarn; ; level = slog.LevelDebug {
		err := b.consumer.ConnectToNSQD(b.NSQD)
		if err == nil {
			b.log.Info("reading", "nsqd", b.NSQD)
			return nil
		}
		b.log.Log(ctx, level, "nsqd cannot be reached yet", "nsqd", b.NSQD, "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(b.Reconnect):
		}
	}
}

// hangUp ends all connections. Nothing is in flight any more.
func (b *bridge) hangUp() {
	b.consumer.Stop()
	select {
	case <-b.consumer.StopChan:
	case <-time.After(closing):
		b.log.Warn("nsqd did not confirm the end of reading")
	}
	b.dead.close()
	b.sink.Close()
}

// deliver posts the event of one message and does what the answer asks for.
func (b *bridge) deliver(ctx context.Context, m *nsq.Message) {
	e := b.toEvent(m)
	log := b.log.With("nsq", string(m.ID[:]), "attempts", m.Attempts, "event", e.ID(), "subject", e.Subject())

	b.wake.message(ctx, time.Now())
	ctx, forget := b.nsqds.with(ctx, m.NSQDAddress)
	defer forget()
	release := hold(m, b.MsgTimeout/3)
	a := b.post(ctx, e)
	v := b.retry.decide(a, m.Attempts, time.Now(), rand.Float64())
	if v.do == bury {
		if err := b.bury(ctx, m, a); err != nil {
			log.Error("refused by the sink, but no dead letter can be written", "error", err)
			v = verdict{requeue, b.retry.delay(m.Attempts, rand.Float64())}
		}
	}
	if ctx.Err() != nil && v.do == requeue {
		v.after = 0 // this bridge ends: another can take it at once; or it comes again without being asked for
	}
	release()

	switch v.do {
	case finish:
		m.Finish()
		log.Debug("delivered")
	case bury:
		m.Finish()
		log.Warn("refused by the sink, now a dead letter", "answer", a.String(), "dead_topic", b.DeadTopic)
	case requeue:
		m.RequeueWithoutBackoff(v.after)
		log.Info("comes again", "answer", a.String(), "after", v.after)
	case pause:
		wait := b.flow.pause(v.after) // before the message goes back, or it would return at once
		m.RequeueWithoutBackoff(wait)
		log.Info("the sink asks for a pause", "answer", a.String(), "after", wait)
	}
}

func (b *bridge) post(ctx context.Context, e cloudevents.Event) event.Answer {
	ctx, cancel := context.WithTimeout(ctx, b.SinkTimeout)
	defer cancel()
	return b.sink.Send(ctx, e)
}

// hold keeps nsqd from giving the message to somebody else, until release is
// called.
func hold(m *nsq.Message, every time.Duration) (release func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				m.Touch()
			case <-stop:
				return
			}
		}
	}()
	return func() { close(stop); <-stopped }
}

var errNoSink = errors.New("K_SINK is not set: bind this source to a sink, or set it to a URL")

// ready says what is missing for messages to flow.
func (b *bridge) ready(ctx context.Context) error {
	if b.Sink == "" {
		return errNoSink
	}
	if len(b.Lookupds) == 0 {
		if b.consumer.Stats().Connections == 0 {
			return errors.New("not connected to NSQD_ADDRESS: see that an nsqd runs there")
		}
		return nil
	}
	for _, address := range b.Lookupds {
		if lookupdAnswers(ctx, address) {
			return nil
		}
	}
	return errors.New("none of NSQLOOKUPD_ADDRESSES answers: see that an nsqlookupd runs there")
}

func lookupdAnswers(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, lookupdTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/ping", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}
