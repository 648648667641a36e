package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
)

func TestEventsArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	url, arrivals := sinkOf(t, nil)
	start(t, nsqd, url, func(s *settings) { s.Overrides = event.Overrides{"region": "here"} })
	trace := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	publish(t, nsqd, "images", `{"specversion":"1.0","id":"7.1","source":"/lineup/receive","type":"dev.lineup.image.submitted",
		"subject":"images/7","time":"2026-11-23T12:00:00.5Z","dataschema":"https://example.com/schema","traceparent":"`+trace+`",
		"datacontenttype":"application/json","data":{ "id": 7, "path": "<é>" }}`)
	e := receive(t, arrivals, "the event").event
	if e.ID() != "7.1" || e.Source() != "/lineup/receive" || e.Type() != "dev.lineup.image.submitted" || e.Subject() != "images/7" ||
		!e.Time().Equal(time.Date(2026, 11, 23, 12, 0, 0, 500_000_000, time.UTC)) || e.DataSchema() != "https://example.com/schema" ||
		e.DataContentType() != "application/json" || string(e.Data()) != `{ "id": 7, "path": "<é>" }` {
		t.Errorf("attributes or data changed: %s", e)
	}
	for name, want := range map[string]string{"nsqtopic": "images", "nsqchannel": "process", "nsqattempts": "1", "region": "here", "traceparent": trace} {
		if got := e.Extensions()[name]; got != want {
			t.Errorf("extension %s: %v, want %v", name, got, want)
		}
	}

	publish(t, nsqd, "images", "\x00\xff plain")
	e = receive(t, arrivals, "the wrapped message").event
	if e.Type() != "dev.lineup.nsq.message" || e.Source() != "/lineup/bridge" || string(e.Data()) != "\x00\xff plain" ||
		e.DataContentType() != "application/octet-stream" || e.Extensions()["region"] != "here" {
		t.Errorf("not wrapped as it is: %s", e)
	}
}

// A lone message would wait in nsqd's output buffer for 250 ms.
func TestNSQDIsAskedForTheOutputBufferTimeout(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	url, _ := sinkOf(t, nil)
	start(t, &deptest.NSQD{TCP: listener.Addr().String()}, url, func(s *settings) { s.OutputBufferTimeout = 40 * time.Millisecond })
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	head := make([]byte, len("  V2IDENTIFY\n")+4) // then the body, behind its length
	if _, err := io.ReadFull(conn, head); err != nil {
		t.Fatal(err)
	}
	var identify struct {
		OutputBufferTimeout int `json:"output_buffer_timeout"` // ms
	}
	if err := json.NewDecoder(conn).Decode(&identify); err != nil || identify.OutputBufferTimeout != 40 {
		t.Errorf("asked for %d ms, want 40: %v", identify.OutputBufferTimeout, err)
	}
}

func TestConnectionsToTheSinkAreKept(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	var opened atomic.Int32
	got := make(chan arrival, 1000)
	server := httptest.NewUnstartedServer(handler(t, got, nil))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	var bodies []string
	for i := range 500 {
		bodies = append(bodies, fmt.Sprint(i))
	}
	publish(t, nsqd, "images", bodies...)
	start(t, nsqd, server.URL, func(s *settings) { s.MaxInFlight = []int{8} })
	for range bodies {
		receive(t, got, "all messages")
	}
	if n := opened.Load(); n > 20 {
		t.Errorf("%d connections for 8 messages at once", n)
	}
}

func TestTheSinkHangsUpOnKeptConnections(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	got := make(chan arrival, 10)
	server := httptest.NewServer(handler(t, got, nil))
	t.Cleanup(server.Close)
	start(t, nsqd, server.URL, nil)
	for i := range 5 {
		publish(t, nsqd, "images", fmt.Sprint(i))
		if d := receive(t, got, "the message"); d.attempts(t) != 1 {
			t.Errorf("message %d is at attempt %d", i, d.attempts(t))
		}
		testkit.Eventually(t, patience, "it is finished", func() bool { return countsOf(t, nsqd, "images", "process").InFlight == 0 })
		server.CloseClientConnections()
	}
}

func TestASinkThatIsNotThereYet(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	start(t, nsqd, "http://"+address, nil)
	publish(t, nsqd, "images", "early")
	testkit.Eventually(t, patience, "it was tried in vain", func() bool { return countsOf(t, nsqd, "images", "process").Requeued >= 2 })

	if listener, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	got := make(chan arrival, 10)
	server := httptest.NewUnstartedServer(handler(t, got, nil))
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	if d := receive(t, got, "the message"); d.body() != "early" || d.attempts(t) < 3 {
		t.Errorf("%q at attempt %d", d.body(), d.attempts(t))
	}
}
