package event

import (
	"context"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"go.opentelemetry.io/otel/attribute"

	"lineup.dev/lineup/pkg/telemetry"
)

// Sending is for a message that is about to be put into an NSQ topic: its event carries the
// sending's span, until end is called.
func Sending(ctx context.Context, topic string, e *cloudevents.Event) (end func(error)) {
	if !telemetry.On() {
		return func(error) {}
	}
	own := TraceOf(*e)
	ctx, end = telemetry.Send(ctx, "send "+topic, own.Parent, own.State, messageOf(topic, *e)...)
	own.In(ctx).set(e)
	return end
}

// Delivering is for a message of an NSQ topic that is about to be delivered, until end is called.
func Delivering(ctx context.Context, topic string, e cloudevents.Event, attempt uint16) (_ context.Context, end func(error)) {
	if !telemetry.On() {
		return ctx, func(error) {}
	}
	own := TraceOf(e)
	return telemetry.Work(ctx, "process "+topic, own.Parent, own.State, append(messageOf(topic, e), attribute.Int("nsq.attempt", int(attempt)))...)
}

func messageOf(topic string, e cloudevents.Event) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("messaging.system", "nsq"), attribute.String("messaging.destination.name", topic),
		attribute.String("cloudevents.event_id", e.ID()), attribute.String("cloudevents.event_type", e.Type()), attribute.String("cloudevents.event_subject", e.Subject()),
	}
}

// In is the trace context of the span that ctx is in, and t where there is none.
func (t Trace) In(ctx context.Context) Trace {
	if parent, state := telemetry.Parent(ctx); parent != "" {
		return Trace{Parent: parent, State: state}
	}
	return t
}

// SameTrace tells whether both are of one trace.
func (t Trace) SameTrace(other Trace) bool {
	return t.Parent != "" && other.Parent != "" && t.Parent[:traceIDEnd] == other.Parent[:traceIDEnd]
}

// traceIDEnd is where a traceparent's trace id ends.
const traceIDEnd = len("00-") + 32
