package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Counter counts what happened.
type Counter struct{ instrument metric.Int64Counter }

// NewCounter is for a package's variable: it needs no program that runs already.
func NewCounter(name, unit, description string) Counter {
	c, err := otel.Meter(scope).Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	if err != nil {
		otel.Handle(err)
	}
	return Counter{c}
}

// Add counts n more.
func (c Counter) Add(ctx context.Context, n int, attributes ...attribute.KeyValue) {
	if On() {
		c.instrument.Add(ctx, int64(n), metric.WithAttributes(attributes...))
	}
}

// Histogram tells how values are spread.
type Histogram struct{ instrument metric.Float64Histogram }

// NewHistogram is NewCounter for a histogram. Bounds are the upper ends of its buckets.
func NewHistogram(name, unit, description string, bounds ...float64) Histogram {
	h, err := otel.Meter(scope).Float64Histogram(name, metric.WithUnit(unit), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(bounds...))
	if err != nil {
		otel.Handle(err)
	}
	return Histogram{h}
}

// Record adds a value.
func (h Histogram) Record(ctx context.Context, value float64, attributes ...attribute.KeyValue) {
	if On() {
		h.instrument.Record(ctx, value, metric.WithAttributes(attributes...))
	}
}

// Time measures a part of what ctx is about, in seconds, and makes a span of it, until end is
// called.
func (h Histogram) Time(ctx context.Context, name string, attributes ...attribute.KeyValue) (_ context.Context, end func(error)) {
	if !On() {
		return ctx, noEnd
	}
	began := time.Now()
	ctx, ended := Span(ctx, name, attributes...)
	return ctx, func(err error) {
		h.Record(ctx, time.Since(began).Seconds(), attributes...)
		ended(err)
	}
}

// Gauge tells what read gives whenever metrics are exported, and nothing where it is not ok.
func Gauge(name, unit, description string, read func(context.Context) (value float64, ok bool), attributes ...attribute.KeyValue) {
	if !On() {
		return
	}
	_, err := otel.Meter(scope).Float64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description),
		metric.WithFloat64Callback(func(ctx context.Context, o metric.Float64Observer) error {
			if value, ok := read(ctx); ok {
				o.Observe(value, metric.WithAttributes(attributes...))
			}
			return nil
		}))
	if err != nil {
		otel.Handle(err)
	}
}
