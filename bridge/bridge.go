package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nsqio/go-nsq"
	"golang.org/x/sync/errgroup"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/prewarm"
)

var errNoSink = errors.New("K_SINK is not set: bind this source to a sink, or set it to a URL")

// bridges are those of all topics. None waits for another: what pauses or holds one up
// leaves the others alone.
type bridges struct {
	all       []*bridge
	prewarmer *prewarm.Prewarmer // a message of any topic shows that the sink is awake
}

func newBridges(s settings, log *slog.Logger) (*bridges, error) {
	b := &bridges{prewarmer: prewarm.New(s.Prewarming, log)}
	for _, t := range s.topics() {
		one, err := newBridge(s, t, b.prewarmer, log)
		if err != nil {
			return nil, err
		}
		b.all = append(b.all, one)
	}
	return b, nil
}

// run carries messages until ctx ends, or one of the bridges cannot.
func (b *bridges) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, one := range b.all {
		group.Go(func() error { return one.run(ctx) })
	}
	defer b.prewarmer.Wait()
	return group.Wait()
}

// ready says what is missing for messages of every topic to flow.
func (b *bridges) ready(ctx context.Context) error {
	for _, one := range b.all {
		if err := one.ready(ctx); err != nil {
			return err
		}
	}
	return nil
}

// bridge carries the messages of one topic's channel to one sink. Without a sink it has
// none of the parts below log, and waits.
type bridge struct {
	log      *slog.Logger
	grace    time.Duration // events at the sink have to be answered when the bridge ends
	source   *source
	inFlight *inFlight
	delivery *delivery
}

func newBridge(s settings, t topic, warm *prewarm.Prewarmer, log *slog.Logger) (*bridge, error) {
	log = log.With("topic", t.name, "channel", s.Channel)
	if s.Sink == "" {
		return &bridge{log: log}, nil
	}
	sink, err := event.NewSink(s.SinkSettings, t.maxInFlight)
	if err != nil {
		return nil, err
	}
	s.WarnOfPlainToken(log)
	learned := newPace(t.maxInFlight)
	watched := newConnections()
	consumer, err := newConsumer(subscription{
		topic: t.name, channel: s.Channel, maxInFlight: learned.allowed,
		msgTimeout: s.MsgTimeout, outputBufferTimeout: s.OutputBufferTimeout, reconnect: s.Reconnect, link: s.NSQ.Link,
	}, newNSQLog(log, watched.observe))
	if err != nil {
		return nil, fmt.Errorf("set up reading of topic %s: %w", t.name, err)
	}
	watched.doubted = func(nsqd string) { consumer.DisconnectFromNSQD(nsqd) } //nolint:errcheck // then it is lost already
	form := envelope{topic: t.name, channel: s.Channel, source: s.Source, overrides: s.Overrides}
	inFlight := newInFlight(learned, consumer.ChangeMaxInFlight)
	b := &bridge{
		log: log, grace: s.Grace,
		source:   &source{consumer: consumer, nsqds: s.NSQ, lookupds: s.Lookupds, connections: watched, share: inFlight.share, reconnect: s.Reconnect, log: log},
		inFlight: inFlight,
	}
	b.delivery = &delivery{
		log: log, envelope: form, sink: sink, sinkTimeout: s.SinkTimeout, touchEvery: s.MsgTimeout / 3,
		retry:       retry{min: s.RetryMin, max: s.RetryMax, deferMax: s.MaxDefer},
		inFlight:    b.inFlight,
		connections: watched,
		deadLetters: newDeadLetters(form, t.dead, s.NSQ),
		prewarmer:   warm,
		observed:    newObserved(t.name, inFlight),
	}
	return b, nil
}

// run carries messages until ctx ends. Then it takes no more, gives events at the
// sink their time, gives back what is left, and returns.
func (b *bridge) run(ctx context.Context) error {
	if b.source == nil {
		b.log.Warn("waiting, not ready", "why", errNoSink)
		<-ctx.Done()
		return nil
	}
	delivering, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	err := b.source.read(ctx, func(m *nsq.Message) { b.handle(delivering, m) })
	grace := time.AfterFunc(b.grace, abort)
	b.inFlight.close()
	grace.Stop()
	abort()
	b.source.stop()
	b.delivery.close()
	return err
}

// handle begins to deliver a message, or gives it back: it was on its way when
// nsqd was told to stop.
func (b *bridge) handle(ctx context.Context, m *nsq.Message) {
	m.DisableAutoResponse()
	if b.source.nsqds.TLS != "off" && !b.source.connections.encrypted(m.NSQDAddress) {
		b.log.Error("a message came without TLS, and is not delivered: start nsqd with -tls-cert and -tls-key, or set NSQD_TLS=off", "nsqd", m.NSQDAddress)
		m.RequeueWithoutBackoff(b.delivery.retry.max)
		return
	}
	wait, ok := b.inFlight.admit()
	if !ok {
		m.RequeueWithoutBackoff(wait)
		return
	}
	go func() {
		defer b.inFlight.done()
		b.delivery.deliver(ctx, m)
	}()
}

// ready says what is missing for messages to flow.
func (b *bridge) ready(ctx context.Context) error {
	if b.source == nil {
		return errNoSink
	}
	return b.source.ready(ctx)
}
