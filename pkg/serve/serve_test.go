package serve_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"lineup.dev/lineup/pkg/serve"
)

// records is a log that hands on its lines.
type records struct {
	slog.Handler
	lines chan slog.Record
}

func (r records) Enabled(context.Context, slog.Level) bool { return true }

func (r records) Handle(_ context.Context, line slog.Record) error {
	r.lines <- line
	return nil
}

// server is a running serve.HTTP.
type server struct {
	address string
	lines   chan slog.Record // of its log, after "listening"
	end     context.CancelFunc
	ended   chan error
}

func start(t *testing.T, h http.Handler, ready func(context.Context) error, change ...func(*serve.Web)) server {
	t.Helper()
	web := serve.Web{Listen: serve.Listen{Host: "127.0.0.1", Grace: patience},
		HeaderTimeout: patience, MaxHeader: 32 << 10, BodyTimeout: patience, BodyRate: 16 << 10, IdleTimeout: patience}
	for _, c := range change {
		c(&web)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := server{lines: make(chan slog.Record, 100), end: cancel, ended: make(chan error, 1)}
	go func() {
		s.ended <- serve.HTTP(ctx, web, slog.New(records{slog.DiscardHandler, s.lines}), h, ready)
		close(s.ended)
	}()
	t.Cleanup(func() {
		cancel()
		<-s.ended
	})
	line := <-s.lines
	line.Attrs(func(a slog.Attr) bool {
		if a.Key == "address" {
			s.address = a.Value.String()
		}
		return true
	})
	if s.address == "" {
		t.Fatalf("instead of an address it logged %v", line)
	}
	return s
}

// clients speak the protocols that a server must understand.
func clients() map[string]*http.Client {
	h2c := new(http.Protocols)
	h2c.SetUnencryptedHTTP2(true)
	return map[string]*http.Client{
		"HTTP/1.1": {Transport: new(http.Transport)},
		"HTTP/2.0": {Transport: &http.Transport{Protocols: h2c}},
	}
}

func get(t *testing.T, client *http.Client, method, url string) (code int, body string) {
	t.Helper()
	return send(t, client, method, url, nil)
}

// send makes a request with a body, which may be nil, and reads the whole answer.
func send(t *testing.T, client *http.Client, method, url string, content io.Reader) (code int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, content)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestHealth(t *testing.T) {
	t.Parallel()
	var objection atomic.Value // "": none
	objection.Store("dial tcp 10.0.0.1: connection refused")
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, r.Proto)
	}), func(ctx context.Context) error {
		if _, limited := ctx.Deadline(); !limited {
			t.Error("asked whether it is ready without a deadline")
		}
		if why := objection.Load().(string); why != "" {
			return errors.New(why)
		}
		return nil
	})
	for protocol, client := range clients() {
		defer client.CloseIdleConnections()
		for _, c := range []struct {
			method, path string
			code         int
			body         string
		}{
			{"GET", "/healthz", 200, "alive\n"},
			{"POST", "/healthz", http.StatusTeapot, protocol},
			{"GET", "/readyz", 503, "not ready; the log says why\n"},
			{"POST", "/readyz", http.StatusTeapot, protocol},
			{"GET", "/", http.StatusTeapot, protocol},
			{"PUT", "/any/thing", http.StatusTeapot, protocol},
		} {
			if code, body := get(t, client, c.method, "http://"+s.address+c.path); code != c.code || body != c.body {
				t.Errorf("%s %s by %s: %d %q, want %d %q", c.method, c.path, protocol, code, body, c.code, c.body)
			}
		}
	}
	client := clients()["HTTP/1.1"]
	defer client.CloseIdleConnections()
	for _, becomes := range []string{"", "the schema is old", "", "the schema is old"} {
		objection.Store(becomes)
		want := 503
		if becomes == "" {
			want = 200
		}
		if code, body := get(t, client, "GET", "http://"+s.address+"/readyz"); code != want {
			t.Errorf("the objection became %q: %d %s", becomes, code, body)
		}
	}
	s.end()
	<-s.ended
	close(s.lines)
	var warned []string
	for line := range s.lines {
		if line.Level == slog.LevelWarn {
			line.Attrs(func(a slog.Attr) bool { warned = append(warned, a.Value.String()); return true })
		}
	}
	if got := strings.Join(warned, ", "); got != "dial tcp 10.0.0.1: connection refused, the schema is old, the schema is old" {
		t.Errorf("the log says why: %q; want each objection once each time", got)
	}
}

func TestWithoutAConditionItIsReady(t *testing.T) {
	t.Parallel()
	s := start(t, http.NotFoundHandler(), nil)
	client := clients()["HTTP/1.1"]
	defer client.CloseIdleConnections()
	if code, body := get(t, client, "GET", "http://"+s.address+"/readyz"); code != 200 {
		t.Errorf("%d %s", code, body)
	}
}

func TestAPortThatIsTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_, stderr, code := run(t, program(t, []string{"DATABASE=x", "HOST=127.0.0.1", "PORT=" + port}))
	if code != 1 || !strings.Contains(stderr, "port "+port+" is taken: set PORT") {
		t.Errorf("code %d, %s; want it to name the port and PORT", code, stderr)
	}
	listener, err := serve.Bind(t.Context(), serve.Listen{Host: "no host"})
	if err == nil {
		listener.Close()
		t.Error("it listens at no host")
	}
}

func TestHeadersAreLimited(t *testing.T) {
	t.Parallel()
	s := start(t, http.HandlerFunc(echo), nil)
	client := clients()["HTTP/1.1"]
	defer client.CloseIdleConnections()
	small := start(t, http.HandlerFunc(echo), nil, func(w *serve.Web) { w.MaxHeader = 1 << 10 })
	for _, c := range []struct {
		server     server
		size, want int
	}{
		{s, 16 << 10, http.StatusOK},
		{s, 64 << 10, http.StatusRequestHeaderFieldsTooLarge},
		{small, 16 << 10, http.StatusRequestHeaderFieldsTooLarge},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.server.address, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Long", strings.Repeat("x", c.size))
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != c.want {
			t.Errorf("a header of %d bytes: %s, want %d", c.size, response.Status, c.want)
		}
	}
}
