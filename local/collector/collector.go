// Package collector is a collector of OpenTelemetry's traces and metrics for tests: what
// programs send it by OTLP over HTTP is there to be looked at.
package collector

import (
	"cmp"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	traces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Collector keeps all it is sent.
type Collector struct {
	URL string

	t     testing.TB
	mu    sync.Mutex
	spans []Span
	names map[string][]string // of metrics, by service
}

// Span is one of a trace.
type Span struct {
	Service, Name, Kind string
	Trace, ID, Parent   string // in hex
	Links               []string
	Start, End          time.Time
	Failed              bool
	Attributes          map[string]string
}

// New begins to collect. The URL is what OTEL_EXPORTER_OTLP_ENDPOINT is to be.
func New(t testing.TB) *Collector {
	c := &Collector{t: t, names: map[string][]string{}}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// Trace is the spans of a trace that have come, in the order in which they began.
func (c *Collector) Trace(id string) (spans []Span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.spans {
		if s.Trace == id {
			spans = append(spans, s)
		}
	}
	slices.SortStableFunc(spans, func(a, b Span) int { return a.Start.Compare(b.Start) })
	return spans
}

// Metrics is the names of the metrics that a service has sent.
func (c *Collector) Metrics(service string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.names[service])
}

// ServeHTTP takes what is sent.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = c.take(r.URL.Path, body)
	}
	if err != nil {
		c.t.Errorf("%s: %v", r.URL.Path, err)
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (c *Collector) take(path string, body []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if strings.HasSuffix(path, "/metrics") {
		return c.takeMetrics(body)
	}
	var sent traces.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &sent); err != nil {
		return err
	}
	for _, resource := range sent.ResourceSpans {
		service := texts(resource.Resource.GetAttributes())["service.name"]
		for _, scope := range resource.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, spanOf(service, s))
			}
		}
	}
	return nil
}

func (c *Collector) takeMetrics(body []byte) error {
	var sent metrics.ExportMetricsServiceRequest
	if err := proto.Unmarshal(body, &sent); err != nil {
		return err
	}
	for _, resource := range sent.ResourceMetrics {
		service := texts(resource.Resource.GetAttributes())["service.name"]
		for _, scope := range resource.ScopeMetrics {
			for _, m := range scope.Metrics {
				if !slices.Contains(c.names[service], m.Name) {
					c.names[service] = append(c.names[service], m.Name)
				}
			}
		}
	}
	return nil
}

func spanOf(service string, s *tracepb.Span) Span {
	span := Span{
		Service: service, Name: s.Name, Kind: strings.ToLower(strings.TrimPrefix(s.Kind.String(), "SPAN_KIND_")),
		Trace: hex.EncodeToString(s.TraceId), ID: hex.EncodeToString(s.SpanId), Parent: hex.EncodeToString(s.ParentSpanId),
		Start: at(s.StartTimeUnixNano), End: at(s.EndTimeUnixNano),
		Failed: s.Status.GetCode() == tracepb.Status_STATUS_CODE_ERROR, Attributes: texts(s.Attributes),
	}
	for _, link := range s.Links {
		span.Links = append(span.Links, hex.EncodeToString(link.TraceId))
	}
	return span
}

func texts(attributes []*common.KeyValue) map[string]string {
	all := map[string]string{}
	for _, a := range attributes {
		all[a.Key] = cmp.Or(a.Value.GetStringValue(), strings.Trim(a.Value.String(), `"`))
	}
	return all
}

func at(nanoseconds uint64) time.Time { return time.Unix(0, int64(nanoseconds)) } //nolint:gosec // until 2262
