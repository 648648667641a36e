package telemetry

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Span begins a part of what ctx is about. It ends with end, and has failed with an error.
func Span(ctx context.Context, name string, attributes ...attribute.KeyValue) (_ context.Context, end func(error)) {
	return start(ctx, name, trace.WithAttributes(attributes...))
}

// Work begins a span that a message brought: its parent is what the message names.
func Work(ctx context.Context, name, parent, state string, attributes ...attribute.KeyValue) (_ context.Context, end func(error)) {
	if !On() {
		return ctx, noEnd
	}
	return start(WithParent(ctx, parent, state), name, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(attributes...))
}

// Send begins the span of sending a message, and gives the trace context that it is to carry.
// The parent is the span that the message's own texts name. A message without one begins a
// trace of its own, which tells by a link what ctx is about: many messages of one request or
// ping are not one trace.
func Send(ctx context.Context, name, parent, state string, attributes ...attribute.KeyValue) (_ context.Context, end func(error)) {
	if !On() {
		return ctx, noEnd
	}
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(attributes...)}
	here := trace.SpanContextFromContext(ctx)
	ctx = WithParent(trace.ContextWithSpanContext(ctx, trace.SpanContext{}), parent, state)
	if here.IsValid() && here.TraceID() != trace.SpanContextFromContext(ctx).TraceID() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: here}))
	}
	return start(ctx, name, options...)
}

func noEnd(error) {}

func start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, func(error)) {
	if !On() {
		return ctx, noEnd
	}
	ctx, span := otel.Tracer(scope).Start(ctx, name, options...)
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, err.Error())
		}
		span.End()
	}
}

// Note adds to what is known of ctx's span.
func Note(ctx context.Context, attributes ...attribute.KeyValue) {
	if On() {
		trace.SpanFromContext(ctx).SetAttributes(attributes...)
	}
}

// Log is the log with the trace's id, where ctx is of one.
func Log(ctx context.Context, log *slog.Logger) *slog.Logger {
	if !On() {
		return log
	}
	span := trace.SpanContextFromContext(ctx)
	if !span.IsValid() {
		return log
	}
	return log.With("trace_id", span.TraceID().String())
}
