package telemetry_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"

	"lineup.dev/lineup/local/collector"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/telemetry"
)

const (
	parent  = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	another = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func TestNothingIsWrappedUnlessItIsAskedFor(t *testing.T) {
	for _, s := range []telemetry.Settings{
		{},
		{Disabled: true, Endpoint: "http://localhost:4318"},
		{Traces: "none", Metrics: []string{"none"}, Endpoint: "http://localhost:4318"},
	} {
		stop := testkit.Must(s.Start(t.Context(), "test", "1", quiet))(t)
		transport := new(http.Transport)
		if telemetry.On() || telemetry.Transport(transport) != http.RoundTripper(transport) {
			t.Errorf("%+v: something is exported", s)
		}
		stop()
	}
}

func TestWhatIsNotKnownIsRefused(t *testing.T) {
	for _, s := range []telemetry.Settings{{Traces: "zipkin"}, {Metrics: []string{"otlp", "statsd"}}} {
		if s.Check() == nil {
			t.Errorf("%+v is accepted", s)
		}
	}
}

// Each is one that the SDK reads by itself, and would leave out with a line in the log.
func TestVariablesOfTheSDKAreCheckedAtTheStart(t *testing.T) {
	for key, c := range map[string]struct{ good, bad, allowed string }{
		"OTEL_TRACES_SAMPLER":                               {"parentbased_traceidratio", "nonsense", "always_on, always_off, traceidratio, parentbased_always_on"},
		"OTEL_TRACES_SAMPLER_ARG":                           {"0.01", "2", "from 0 to 1"},
		"OTEL_RESOURCE_ATTRIBUTES":                          {"site=north,rack=7", "north", "name=value"},
		"OTEL_METRICS_EXEMPLAR_FILTER":                      {"trace_based", "yes", "always_on, always_off, trace_based"},
		"OTEL_METRIC_EXPORT_INTERVAL":                       {"60000", "60s", "milliseconds"},
		"OTEL_BSP_SCHEDULE_DELAY":                           {"5000", "0", "from 1 up"},
		"OTEL_BSP_MAX_QUEUE_SIZE":                           {"2048", "many", "from 1 up"},
		"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT":                   {"-1", "-2", "from -1 up"},
		"OTEL_EXPORTER_OTLP_PROTOCOL":                       {"http/protobuf", "carrier-pigeon", "http/protobuf"},
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL":                {"http/protobuf", "grpc", "http/protobuf"},
		"OTEL_EXPORTER_OTLP_COMPRESSION":                    {"gzip", "zstd", "gzip, none"},
		"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT":                {"10000", "10s", "milliseconds"},
		"OTEL_EXPORTER_OTLP_HEADERS":                        {"authorization=Bearer%20x", "Bearer x", "name=value"},
		"OTEL_EXPORTER_OTLP_CERTIFICATE":                    {"telemetry_test.go", "away.pem", "file"},
		"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": {"delta", "both", "cumulative, delta, lowmemory"},
	} {
		t.Run(key, func(t *testing.T) {
			for _, good := range []string{"", " ", c.good} {
				t.Setenv(key, good)
				testkit.Succeed(t, (telemetry.Settings{}).Check())
			}
			t.Setenv(key, c.bad)
			err := (telemetry.Settings{}).Check()
			if err == nil || !strings.HasPrefix(err.Error(), key) || !strings.Contains(err.Error(), c.allowed) {
				t.Errorf("%q: %v, want an error that names the setting and %s", c.bad, err, c.allowed)
			}
			if strings.HasSuffix(key, "HEADERS") && strings.Contains(err.Error(), c.bad) {
				t.Error("the error shows a secret")
			}
		})
	}
}

// A slip in any of them ends a program before it begins.
func TestBadSettingsOfTelemetryAreFaults(t *testing.T) {
	for _, s := range []telemetry.Settings{{Endpoint: "collector:4318"}, {TracesEndpoint: "localhost"}, {MetricsEndpoint: "grpc://collector:4317"}} {
		if err := serve.Check(&s); err == nil || !strings.Contains(err.Error(), "OTEL_EXPORTER_OTLP_") || !strings.Contains(err.Error(), "http or https") {
			t.Errorf("%+v: %v", s, err)
		}
	}
	t.Setenv("OTEL_TRACES_SAMPLER", "nonsense")
	if err := serve.Check(&telemetry.Settings{}); err == nil || !strings.Contains(err.Error(), "OTEL_TRACES_SAMPLER") {
		t.Errorf("a sampler that there is not: %v", err)
	}
}

func TestMetricsAreScraped(t *testing.T) {
	s := telemetry.Settings{Metrics: []string{"prometheus"}}
	stop := testkit.Must(s.Start(t.Context(), "test", "1", quiet))(t)
	defer stop()
	telemetry.NewCounter("lineup.tests", "{test}", "tests").Add(t.Context(), 3)
	answer := httptest.NewRecorder()
	telemetry.WithMetrics(http.NotFoundHandler()).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if !strings.Contains(answer.Body.String(), "lineup_tests_total{") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

// traced runs do while spans go to a collector, and gives all there are of the trace.
func traced(t *testing.T, trace string, do func(context.Context)) []collector.Span {
	t.Helper()
	spans := collector.New(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", spans.URL)
	stop := testkit.Must(telemetry.Settings{Traces: "otlp", Metrics: []string{"none"}}.Start(t.Context(), "test", "1", quiet))(t)
	do(t.Context())
	stop()
	return spans.Trace(strings.Split(trace, "-")[1])
}

func TestARequestIsOfItsEventsTrace(t *testing.T) {
	for _, header := range []http.Header{
		{"Traceparent": {parent}},
		{"Ce-Traceparent": {parent}},
		{"Traceparent": {another}, "Ce-Traceparent": {parent}}, // of a hop that knows nothing of events
	} {
		spans := traced(t, parent, func(ctx context.Context) {
			h := telemetry.Served(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { telemetry.Route(r.Context(), "GET /images/{id}") }))
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/images/7", nil)
			r.Header = header
			h.ServeHTTP(httptest.NewRecorder(), r)
		})
		if len(spans) != 1 || spans[0].Parent != strings.Split(parent, "-")[2] || spans[0].Name != "GET /images/{id}" {
			t.Errorf("%v: %+v", header, spans)
		}
	}
}

func TestAMessageWithoutATraceBeginsOneWithALink(t *testing.T) {
	var sent string
	request := traced(t, parent, func(ctx context.Context) {
		ctx, end := telemetry.Work(ctx, "request", parent, "")
		message, endSending := telemetry.Send(ctx, "send", "", "")
		sent, _ = telemetry.Parent(message)
		endSending(nil)
		end(nil)
	})
	if len(request) != 1 || strings.Contains(sent, request[0].Trace) || sent == "" {
		t.Errorf("the message carries %q, the request's spans are %+v", sent, request)
	}
}

// BenchmarkOff is what a picture pays while nothing is exported, in all programs on its way: 12 spans that are measured, 12
// figures with what they are told by, 8 lines of a log, the trace context in two messages, and what asks whether to wrap.
func BenchmarkOff(b *testing.B) {
	counter := telemetry.NewCounter("lineup.benchmarks", "", "")
	histogram := telemetry.NewHistogram("lineup.benchmarked", "s", "", 1)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		for range 12 {
			ctx, end := histogram.Time(ctx, "step", attribute.String("lineup.topic", "images"))
			counter.Add(ctx, 1, attribute.String("lineup.topic", "images"), attribute.String("lineup.status", "unknown"))
			end(nil)
		}
		for range 8 {
			telemetry.Log(ctx, quiet)
			telemetry.Note(ctx, attribute.Int64("lineup.image", 7))
		}
		for range 2 {
			ctx, end := telemetry.Send(ctx, "send images", parent, "", attribute.String("messaging.system", "nsq"), attribute.Int64("lineup.image", 7))
			telemetry.Parent(ctx)
			end(nil)
		}
		telemetry.Route(ctx, "POST /image/post")
	}
}
