package main

import (
	"context"

	"github.com/nsqio/go-nsq"
	"go.opentelemetry.io/otel/attribute"

	"lineup.dev/lineup/pkg/telemetry"
)

var (
	handled     = telemetry.NewCounter("lineup.bridge.messages", "{message}", "messages by what became of them: finish, refuse (a dead letter), requeue, pause")
	redelivered = telemetry.NewCounter("lineup.bridge.redeliveries", "{message}", "messages that came again")
)

// observed is what is measured of a topic's messages.
type observed struct{ topic string }

func newObserved(topic string, atSink *inFlight) observed {
	o := observed{topic}
	telemetry.Gauge("lineup.bridge.in_flight", "{message}", "messages at the sink", func(context.Context) (float64, bool) {
		return float64(atSink.admitted()), true
	}, o.of())
	return o
}

func (o observed) of() attribute.KeyValue { return attribute.String("lineup.topic", o.topic) }

// came measures a message that is delivered, until done.
func (o observed) came(ctx context.Context, m *nsq.Message) (done func(disposition)) {
	if m.Attempts > 1 {
		redelivered.Add(ctx, 1, o.of())
	}
	return func(d disposition) {
		handled.Add(ctx, 1, o.of(), attribute.String("lineup.disposition", string(d)))
	}
}
