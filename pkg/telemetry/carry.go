package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// The headers of a trace context, and those of an event's that has one: the extension is
// where the event began, and stays; the header is the last hop's.
const (
	headerParent = "traceparent"
	headerState  = "tracestate"
	eventPrefix  = "ce-"
)

// carried reads a trace context from headers. An event's goes before that of a hop which
// knew nothing of it and began a trace of its own.
type carried struct{ propagation.TraceContext }

// Extract is TextMapPropagator's.
func (c carried) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	hop := c.TraceContext.Extract(ctx, carrier)
	parent := carrier.Get(eventPrefix + headerParent)
	if parent == "" {
		return hop
	}
	event := WithParent(ctx, parent, carrier.Get(eventPrefix+headerState))
	if started := trace.SpanContextFromContext(event); !started.IsValid() || started.TraceID() == trace.SpanContextFromContext(hop).TraceID() {
		return hop
	}
	return event
}

// WithParent gives ctx the span that these texts of a W3C trace context name, as the parent of
// those that begin in it. What is no trace context changes nothing.
func WithParent(ctx context.Context, parent, state string) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{headerParent: parent, headerState: state})
}

// Parent gives ctx's span as the texts of a W3C trace context; empty where it has none.
func Parent(ctx context.Context) (parent, state string) {
	if !On() {
		return "", ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[headerParent], carrier[headerState]
}
