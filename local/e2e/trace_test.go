package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/collector"
	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/local/samples"
	"lineup.dev/lineup/local/testkit"
)

const (
	clientTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	clientSpan  = "00f067aa0ba902b7"
)

// TestOnePictureIsOneTrace follows a picture from the client's request to the event of its
// result, through NSQ, by the spans that the real programs send to a collector.
func TestOnePictureIsOneTrace(t *testing.T) {
	t.Parallel()
	folder := testkit.Must(samples.Folder(t.Context(), testkit.Must(parts.OpenCache(t.Logf))(t)))(t)
	spans := collector.New(t)
	results := make(chan http.Header, 1)
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { results <- r.Header }))
	t.Cleanup(sink.Close)
	data := t.TempDir()
	c := startIn(t, data, filepath.Join(folder, "pictures"), "OTEL_EXPORTER_OTLP_ENDPOINT="+spans.URL,
		"LOG_LEVEL=debug", "OTEL_BSP_SCHEDULE_DELAY=100", "OTEL_METRIC_EXPORT_INTERVAL=500", "K_SINK="+sink.URL) // of the bridge it is process

	id := c.accepted("/image/post", []byte(`{"path":"dana.jpg"}`), "Traceparent", "00-"+clientTrace+"-"+clientSpan+"-01")[0]
	c.final(id)
	result := <-results

	way := []hop{
		{"receive", "POST /image/post", "server"},
		{"receive", "send images", "producer"},
		{"bridge", "process images", "consumer"},
		{"bridge", "HTTP POST", "client"},
		{"process", "POST /", "server"},
		{"process", "facerecog.Identify/Identify", "client"},
		{"face-server", "facerecog.Identify/Identify", "server"},
	}
	beside := map[hop][]string{ // by their parents
		{"receive", "POST /image/post", "server"}: {"submit"},
		{"process", "POST /", "server"}:           {"UPDATE images", "HTTP POST"},
		{"face-server", "facerecog.Identify/Identify", "server"}: {"read the picture", "wait for a worker", "decode",
			"find and describe faces", "compare with the gallery"},
	}
	var trace []collector.Span
	testkit.Retry(t, time.Minute, func() error {
		trace = spans.Trace(clientTrace)
		return follow(trace, way, beside)
	})
	t.Logf("the trace:\n%s", collector.Text(trace))

	announced := result.Get("Traceparent")
	sent := slices.IndexFunc(trace, func(s collector.Span) bool { return strings.Contains(announced, s.ID) })
	if sent < 0 || trace[sent].Service != "process" || trace[sent].Kind != "client" || !strings.Contains(result.Get("Ce-Traceparent"), clientTrace) {
		t.Errorf("the result came with traceparent %q and ce-traceparent %q: not of process's request", announced, result.Get("Ce-Traceparent"))
	}
	for _, program := range []string{"receive", "bridge", "process", "face-server"} {
		if !logTells(t, filepath.Join(data, "logs", program+".log"), "trace_id", clientTrace) {
			t.Errorf("no line of %s's log has the trace's id", program)
		}
	}
	testkit.Retry(t, time.Minute, func() error {
		for program, names := range measured {
			for _, name := range names {
				if !slices.Contains(spans.Metrics(program), name) {
					return fmt.Errorf("%s has sent no metric %s: %s", program, name, spans.Metrics(program))
				}
			}
		}
		return nil
	})
}

type hop struct{ service, name, kind string }

// follow looks for a span of each hop, whose parent is that of the one before, and for what
// is to be beside them.
func follow(trace []collector.Span, way []hop, beside map[hop][]string) error {
	parent := clientSpan
	for _, h := range way {
		i := slices.IndexFunc(trace, func(s collector.Span) bool {
			return s.Parent == parent && s.Service == h.service && s.Name == h.name && s.Kind == h.kind
		})
		if i < 0 {
			return fmt.Errorf("no %v whose parent is %s:\n%s", h, parent, collector.Text(trace))
		}
		parent = trace[i].ID
		for _, name := range beside[h] {
			if !slices.ContainsFunc(trace, func(s collector.Span) bool { return s.Parent == parent && s.Service == h.service && s.Name == name }) {
				return fmt.Errorf("no %s in %v:\n%s", name, h, collector.Text(trace))
			}
		}
	}
	return nil
}

// logTells tells whether a line of a log has the value.
func logTells(t *testing.T, path, key, value string) bool {
	t.Helper()
	for line := range strings.Lines(string(read(t, path))) {
		var said map[string]any
		if json.Unmarshal([]byte(line), &said) == nil && said[key] == value {
			return true
		}
	}
	return false
}

// measured are some of each program's metrics.
var measured = map[string][]string{
	"receive":     {"http.server.request.duration", "lineup.hints", "lineup.images.pending", "db.sql.connection.wait"},
	"bridge":      {"http.client.request.duration", "lineup.bridge.messages", "lineup.bridge.in_flight"},
	"process":     {"http.server.request.duration", "rpc.client.call.duration", "lineup.images", "lineup.image.duration", "lineup.breaker.open"},
	"face-server": {"lineup.face_server.inference.duration", "lineup.gallery.photos", "lineup.gallery.age", "lineup.face_server.faces"},
}
