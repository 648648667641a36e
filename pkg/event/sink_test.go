package event_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
)

// sinkTo gives a sink whose events handle gets.
func sinkTo(t *testing.T, handle http.HandlerFunc) *event.Sink {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return newSink(t, server.URL+"/way?to=it")
}

func newSink(t *testing.T, address string) *event.Sink {
	t.Helper()
	sink, err := event.NewSink(event.SinkSettings{Sink: address}, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sink.Close)
	return sink
}

func submitted(t *testing.T) cloudevents.Event {
	t.Helper()
	e, err := event.Submitted(23, 2, "a.jpg", trace)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestOneSilentConnectionIsTheEndOfAllThatAreKept has two connections swallow all bytes, while new ones are served.
func TestOneSilentConnectionIsTheEndOfAllThatAreKept(t *testing.T) {
	t.Parallel()
	var both sync.WaitGroup
	both.Add(2)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Ce-Wait") != "" {
			both.Done()
			both.Wait() // so that there are two connections
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(server.Close)
	hop := testkit.NewHop(t, server.Listener.Addr().String())
	sink := newSink(t, "http://"+hop.Address)
	waiting := submitted(t)
	waiting.SetExtension("wait", "yes")
	var sent sync.WaitGroup
	for range 2 {
		sent.Go(func() {
			if a := sink.Send(t.Context(), waiting); !a.Accepted() {
				t.Error(a)
			}
		})
	}
	sent.Wait()
	hop.Swallow()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if a := sink.Send(ctx, submitted(t)); a.Status != 0 {
		t.Fatalf("in silence: %v", a)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if a := sink.Send(ctx, submitted(t)); !a.Accepted() {
		t.Errorf("after that: %v", a)
	}
}

func TestSendIsABinaryModeRequest(t *testing.T) {
	t.Parallel()
	got := make(chan *http.Request, 1)
	body := make(chan string, 1)
	sink := sinkTo(t, func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got <- r
		body <- string(text)
		w.WriteHeader(http.StatusAccepted)
		io.WriteString(w, "thanks")
	})
	e := submitted(t)
	event.Overrides{"region": "north", "traceparent": "overridden"}.Set(&e)
	before := e.String()
	if answer := sink.Send(t.Context(), e); !answer.Accepted() || answer != (event.Answer{Status: 202}) {
		t.Errorf("the answer is %+v", answer)
	}
	request := <-got
	if request.Method != "POST" || request.RequestURI != "/way?to=it" {
		t.Errorf("it was %s %s", request.Method, request.RequestURI)
	}
	want := map[string]string{
		"Content-Type": "application/json", "Ce-Specversion": "1.0", "Ce-Type": "dev.lineup.image.submitted", "Ce-Source": "/lineup/receive",
		"Ce-Dataschema": "urn:lineup:schema:dev.lineup.image.submitted",
		"Ce-Subject":    "images/23", "Ce-Id": "23.2", "Ce-Time": e.Time().Format(time.RFC3339Nano), "Ce-Traceparent": "overridden", "Ce-Tracestate": trace.State, "Ce-Region": "north",
	}
	for name, value := range want {
		if got := request.Header.Get(name); got != value {
			t.Errorf("%s: %s, want %s", name, got, value)
		}
	}
	for name := range request.Header {
		if _, wanted := want[name]; !wanted && (strings.HasPrefix(name, "Ce-") || name == "Idempotency-Key") {
			t.Errorf("%s was sent too", name)
		}
	}
	if body := <-body; body != `{"id":23,"path":"a.jpg"}` {
		t.Errorf("the body is %s", body)
	}
	if after := e.String(); after != before {
		t.Errorf("the event became\n%s, was\n%s", after, before)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status           int
		retryAfter, body string
		want             event.Answer
		text             string
	}{
		"accepted":                  {204, "", "", event.Answer{Status: 204}, "204 No Content"},
		"accepted, and words":       {200, "9", "well", event.Answer{Status: 200, RetryAfter: "9"}, "200 OK"},
		"refused":                   {422, "", " no such path\n", event.Answer{Status: 422, Detail: "no such path"}, "422 Unprocessable Entity: no such path"},
		"refused without a word":    {400, "", "", event.Answer{Status: 400}, "400 Bad Request"},
		"refused for now":           {503, "7", "busy", event.Answer{Status: 503, RetryAfter: "7", Detail: "busy"}, "503 Service Unavailable: busy"},
		"refused in no valid UTF-8": {500, "", "a\xffb", event.Answer{Status: 500, Detail: "a?b"}, "500 Internal Server Error: a?b"},
		"refused at length":         {500, "", strings.Repeat("x", 100_000), event.Answer{Status: 500, Detail: strings.Repeat("x", 1024)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			answer := sinkTo(t, func(w http.ResponseWriter, r *http.Request) {
				if c.retryAfter != "" {
					w.Header().Set("Retry-After", c.retryAfter)
				}
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			}).Send(t.Context(), submitted(t))
			if answer != c.want || answer.Accepted() != (c.status < 300) {
				t.Errorf("%+v, want %+v", answer, c.want)
			}
			if c.text != "" && answer.String() != c.text {
				t.Errorf("in words: %q, want %q", answer, c.text)
			}
		})
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		var asked atomic.Int32
		answer := sinkTo(t, func(w http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			http.Redirect(w, r, "/elsewhere", status)
		}).Send(t.Context(), submitted(t))
		if answer.Status != status || answer.Accepted() || asked.Load() != 1 {
			t.Errorf("a redirect by %d: %+v after %d requests", status, answer, asked.Load())
		}
	}
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	for name, handle := range map[string]http.HandlerFunc{
		"within the deadline": func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"but hangs up":        func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) },
		"with headers within limits": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 100_000))
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			answer := sinkTo(t, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body) // else the server does not notice that the client is gone
				handle(w, r)
			}).Send(ctx, submitted(t))
			if answer.Status != 0 || answer.Detail == "" || answer.Accepted() || answer.String() != answer.Detail {
				t.Errorf("%+v, want no status and why", answer)
			}
		})
	}
	t.Run("for nobody is there", func(t *testing.T) {
		if answer := newSink(t, "http://127.0.0.1:1").Send(t.Context(), submitted(t)); answer.Status != 0 || answer.Detail == "" {
			t.Errorf("%+v", answer)
		}
	})
	t.Run("what no header can hold", func(t *testing.T) {
		e := submitted(t)
		e.SetSubject("a\nb")
		if answer := sinkTo(t, func(http.ResponseWriter, *http.Request) {}).Send(t.Context(), e); answer.Status != 0 || answer.Detail == "" {
			t.Errorf("%+v", answer)
		}
	})
}

func TestAnEndlessAnswerIsReadUpToALimit(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 500} {
		answer := sinkTo(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			for {
				if _, err := io.WriteString(w, strings.Repeat("no ", 1000)); err != nil {
					return
				}
			}
		}).Send(t.Context(), submitted(t))
		if answer.Status != status {
			t.Errorf("%+v, want %d", answer, status)
		}
	}
}

func TestAConnectionIsUsedAgain(t *testing.T) {
	t.Parallel()
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, strings.Repeat("x", 60<<10))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	sink := newSink(t, server.URL)
	for range 10 {
		if answer := sink.Send(t.Context(), submitted(t)); answer.Status != http.StatusTeapot {
			t.Fatal(answer)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("ten events took %d connections", n)
	}
}

// A server may close a kept connection just when the next event is sent.
func TestAConnectionThatWasClosedCostsNoEvent(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	sink := sinkTo(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		if asked.Add(1) == 2 {
			panic(http.ErrAbortHandler) // without an answer, on the connection that was kept
		}
	})
	for i := range 2 {
		if answer := sink.Send(t.Context(), submitted(t)); !answer.Accepted() {
			t.Errorf("event %d: %v", i, answer)
		}
	}
	if n := asked.Load(); n != 3 {
		t.Errorf("the sink was asked %d times, want 3", n)
	}
}

func TestSinkAddress(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{
		"nothing":        "",
		"a path":         "/events",
		"a host alone":   "sink.example",
		"another scheme": "ftp://sink.example",
		"no host":        "http://",
		"no URL":         "http://user:hunter2@%zz",
	} {
		t.Run(name, func(t *testing.T) {
			if sink, err := event.NewSink(event.SinkSettings{Sink: address}, 1); err == nil || !strings.Contains(err.Error(), "K_SINK") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v, %v; want an error that names K_SINK", sink, err)
			}
		})
	}
	newSink(t, "https://sink.example/a?b")
}
