package event

import (
	"context"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"go.opentelemetry.io/otel/attribute"

	"lineup.dev/lineup/pkg/telemetry"
)

// Sending is for a hint that is about to be put into an NSQ topic: it carries the sending's span,
// until end is called.
func (h *Hint) Sending(ctx context.Context, topic string) (end func(error)) {
	if !telemetry.On() {
		return func(error) {}
	}
	ctx, end = telemetry.Send(ctx, "send "+topic, h.trace.Parent, h.trace.State, messageOf(topic, h.id, h.kind, h.subject)...)
	h.trace = h.trace.In(ctx)
	return end
}

// Delivering is for a message of an NSQ topic that is about to be delivered, until end is called.
func Delivering(ctx context.Context, topic string, e cloudevents.Event, attempt uint16) (_ context.Context, end func(error)) {
	if !telemetry.On() {
		return ctx, func(error) {}
	}
	own := TraceOf(e)
	return telemetry.Work(ctx, "process "+topic, own.Parent, own.State, append(messageOf(topic, e.ID(), e.Type(), e.Subject()), attribute.Int("nsq.attempt", int(attempt)))...)
}

func messageOf(topic, id, kind, subject string) []attribute.KeyValue {
	return []attribute.KeyValue{
		attribute.String("messaging.system", "nsq"), attribute.String("messaging.destination.name", topic),
		attribute.String("cloudevents.event_id", id), attribute.String("cloudevents.event_type", kind), attribute.String("cloudevents.event_subject", subject),
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
