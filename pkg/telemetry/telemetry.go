// Package telemetry is what a program shows of itself by OpenTelemetry: spans, metrics, and
// the trace's id in its log. It is set up by OpenTelemetry's standard environment variables.
// While they ask for nothing, nothing is exported and nothing is paid: no handler,
// connection or client is wrapped, no span is made, and an instrument's call returns at once.
package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/instrumentation/runtime"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// scope names what this project measures, beside what libraries do.
const scope = "lineup.dev/lineup"

// flushTime is how long the last spans and figures may take to be exported at a program's end.
const flushTime = 3 * time.Second

// Around makes of a program's run one during which its spans and metrics are exported.
func (s Settings) Around(program, version string, run func(context.Context, *slog.Logger) error) func(context.Context, *slog.Logger) error {
	return func(ctx context.Context, log *slog.Logger) error {
		stop, err := s.Start(ctx, program, version, log)
		if err != nil {
			return err
		}
		defer stop()
		return run(ctx, log)
	}
}

// Start exports what the settings say until stop is called, which exports the rest.
func (s Settings) Start(ctx context.Context, program, version string, log *slog.Logger) (stop func(), err error) {
	if !s.traces() && !s.pushed() && !s.scraped() {
		return func() {}, nil
	}
	described, err := describe(ctx, program, version)
	if err != nil {
		return nil, err
	}
	otel.SetErrorHandler(&faults{log: log, last: map[string]time.Time{}})
	var stops []func(context.Context) error
	if s.traces() {
		exporter, err := otlptracehttp.New(ctx)
		if err != nil {
			return nil, err
		}
		provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(described))
		otel.SetTracerProvider(provider)
		stops = append(stops, provider.Shutdown)
	}
	otel.SetTextMapPropagator(carried{propagation.TraceContext{}})
	readers, err := s.readers(ctx)
	if err != nil {
		return nil, err
	}
	if len(readers) > 0 {
		provider := metric.NewMeterProvider(append(readers, metric.WithResource(described))...)
		otel.SetMeterProvider(provider)
		stops = append(stops, provider.Shutdown)
		if err := runtime.Start(); err != nil {
			return nil, err
		}
	}
	on.Store(true)
	return func() {
		on.Store(false)
		scraped.Store(nil)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
		defer cancel()
		for _, stop := range stops {
			if err := stop(ctx); err != nil {
				otel.Handle(err)
			}
		}
	}, nil
}

// readers are what takes the metrics.
func (s Settings) readers(ctx context.Context) (readers []metric.Option, err error) {
	if s.pushed() {
		exporter, err := otlpmetrichttp.New(ctx)
		if err != nil {
			return nil, err
		}
		readers = append(readers, metric.WithReader(metric.NewPeriodicReader(exporter)))
	}
	if s.scraped() {
		registry := prometheus.NewRegistry()
		exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry))
		if err != nil {
			return nil, err
		}
		answer := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
		scraped.Store(&answer)
		readers = append(readers, metric.WithReader(exporter))
	}
	return readers, nil
}

// describe tells which instance of which program it is. What OTEL_SERVICE_NAME and
// OTEL_RESOURCE_ATTRIBUTES say goes before it.
func describe(ctx context.Context, program, version string) (*resource.Resource, error) {
	attributes := []attribute.KeyValue{
		attribute.String("service.name", program),
		attribute.String("service.namespace", "lineup"),
		attribute.String("service.version", version),
	}
	if host, err := os.Hostname(); err == nil {
		attributes = append(attributes, attribute.String("service.instance.id", host))
	}
	if revision := os.Getenv("K_REVISION"); revision != "" {
		attributes = append(attributes, attribute.String("faas.name", os.Getenv("K_SERVICE")), attribute.String("faas.version", revision))
	}
	return resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(attributes...), resource.WithFromEnv())
}

// faults tells the log what went wrong with exporting, the same at most once a minute: a
// collector that is away fails every export.
type faults struct {
	log  *slog.Logger
	mu   sync.Mutex
	last map[string]time.Time
}

const (
	faultPause = time.Minute
	faultKinds = 100
)

func (f *faults) Handle(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if now.Sub(f.last[err.Error()]) < faultPause {
		return
	}
	if len(f.last) >= faultKinds {
		clear(f.last)
	}
	f.last[err.Error()] = now
	f.log.Warn("traces or metrics not exported; next: see that the collector at OTEL_EXPORTER_OTLP_ENDPOINT answers, or unset it", "error", err)
}
