package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/pkg/event"
)

func TestWithoutASinkItWaitsAndIsNotReady(t *testing.T) {
	b, stop := start(t, &deptest.NSQD{TCP: "127.0.0.1:1"}, "", nil) // it does not come to reading
	if err := b.ready(t.Context()); err == nil {
		t.Error("ready without K_SINK")
	}
	stop() // start fails the test if it ended with an error
}

func TestItEndsWhileNSQDIsNotThere(t *testing.T) {
	url, _ := sinkOf(t, nil)
	_, stop := start(t, &deptest.NSQD{TCP: "127.0.0.1:1"}, url, nil) // nobody listens there
	ended := make(chan struct{})
	go func() { stop(); close(ended) }()
	receive(t, ended, "the end")
}

func TestItStartsBeforeNSQDAndBecomesReady(t *testing.T) {
	nsqd := nsqdWith(t)
	nsqd.Stop()
	url, deliveries := sinkOf(t, nil)
	b, _ := start(t, nsqd, url, nil)
	if err := b.ready(t.Context()); err == nil {
		t.Error("ready without an nsqd")
	}
	nsqd.Start(t)
	eventually(t, "ready", func() bool { return b.ready(t.Context()) == nil })
	publish(t, nsqd, "images", "hello")
	receive(t, deliveries, "the message")
}

func TestItReconnectsToARestartedNSQD(t *testing.T) {
	nsqd := nsqdWith(t)
	url, deliveries := sinkOf(t, nil)
	b, _ := start(t, nsqd, url, nil)
	for round := range 3 {
		body := fmt.Sprint("round ", round)
		publish(t, nsqd, "images", body)
		if d := receive(t, deliveries, body); d.body() != body {
			t.Fatalf("got %q, want %q", d.body(), body)
		}
		eventually(t, body+" finished", func() bool { return countsOf(t, nsqd, "images", "process").InFlight == 0 })
		nsqd.Stop()
		eventually(t, "not ready without nsqd", func() bool { return b.ready(t.Context()) != nil })
		stopped := time.Now()
		nsqd.Start(t)
		eventually(t, "ready again", func() bool { return b.ready(t.Context()) == nil })
		if took := time.Since(stopped); took > 5*time.Second {
			t.Errorf("it took %v to reconnect", took)
		}
	}
}

func TestAMessageAtTheSinkWhileNSQDRestartsComesAgain(t *testing.T) {
	nsqd := nsqdWith(t)
	answer := make(chan struct{})
	url, deliveries := sinkOf(t, func(http.ResponseWriter, delivery) { <-answer })
	start(t, nsqd, url, nil)
	publish(t, nsqd, "images", "hello")
	receive(t, deliveries, "the message")
	nsqd.Stop()
	nsqd.Start(t)
	close(answer)
	receive(t, deliveries, "the message a second time: nsqd never heard that it was taken")
	eventually(t, "nothing is left", func() bool { return countsOf(t, nsqd, "images", "process").left() == 0 })
}

func TestItReconnectsWhileAnEventIsAtTheSink(t *testing.T) {
	nsqd := nsqdWith(t)
	over := make(chan struct{})
	var hung atomic.Bool
	url, deliveries := sinkOf(t, func(_ http.ResponseWriter, d delivery) {
		if d.body() == "hung" && !hung.Swap(true) {
			<-over
		}
	})
	t.Cleanup(func() { close(over) })
	start(t, nsqd, url, nil) // with a SINK_TIMEOUT longer than the test's patience
	publish(t, nsqd, "images", "hung")
	receive(t, deliveries, "the message")
	nsqd.Stop()
	nsqd.Start(t)
	publish(t, nsqd, "images", "next")
	for receive(t, deliveries, "the next message").body() != "next" {
	}
	eventually(t, "nothing is left", func() bool { return countsOf(t, nsqd, "images", "process").left() == 0 })
}

func TestNSQDsAreFoundThroughLookupd(t *testing.T) {
	lookupd := deptest.Lookupd(t)
	url, deliveries := sinkOf(t, func(w http.ResponseWriter, d delivery) {
		if d.body() == "bad" {
			w.WriteHeader(http.StatusGone)
		}
	})
	first := deptest.NSQ(t, lookupd.TCP)
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	b, _ := start(t, first, url, func(s *settings) {
		s.Lookupds = []string{nobody.Addr().String(), lookupd.HTTP}
		s.NSQD = nobody.Addr().String()
	})
	if err := b.ready(t.Context()); err != nil {
		t.Errorf("a lookupd answers, but: %v", err)
	}
	publish(t, first, "images", "from the first")
	if d := receive(t, deliveries, "a message of an nsqd that was there"); d.body() != "from the first" {
		t.Errorf("got %q", d.body())
	}
	second := deptest.NSQ(t, lookupd.TCP)
	publish(t, second, "images", "from the second")
	if d := receive(t, deliveries, "a message of an nsqd that came later"); d.body() != "from the second" {
		t.Errorf("got %q", d.body())
	}
	publish(t, second, "images", "bad")
	receive(t, deliveries, "the bad one")
	receive(t, deadLetters(t, second, "images.dead"), "a dead letter at the nsqd the message came from")

	first.Stop()
	first.Start(t)
	publish(t, first, "images", "from the first, restarted")
	if d := receive(t, deliveries, "a message of an nsqd that was restarted"); d.body() != "from the first, restarted" {
		t.Errorf("got %q", d.body())
	}
}

func TestWithoutAnyLookupdItIsNotReady(t *testing.T) {
	lookupd := deptest.Lookupd(t)
	nsqd := deptest.NSQ(t)
	url, _ := sinkOf(t, nil)
	b, _ := start(t, nsqd, url, func(s *settings) { s.Lookupds = []string{nsqd.TCP} }) // no HTTP there
	if err := b.ready(t.Context()); err == nil {
		t.Error("ready without an nsqlookupd")
	}
	b, _ = start(t, nsqd, url, func(s *settings) { s.Lookupds = []string{nsqd.TCP, lookupd.HTTP} })
	if err := b.ready(t.Context()); err != nil {
		t.Errorf("one of two nsqlookupds answers: %v", err)
	}
}

func TestASlowSinkKeepsItsMessage(t *testing.T) {
	nsqd := nsqdWith(t)
	url, deliveries := sinkOf(t, func(http.ResponseWriter, delivery) { time.Sleep(3 * time.Second) })
	start(t, nsqd, url, func(s *settings) { s.MsgTimeout = time.Second })
	publish(t, nsqd, "images", "slow")
	receive(t, deliveries, "the message")
	eventually(t, "it is finished", func() bool { return countsOf(t, nsqd, "images", "process").left() == 0 })
	if c := countsOf(t, nsqd, "images", "process"); c.TimedOut != 0 || c.Requeued != 0 || len(deliveries) != 0 {
		t.Errorf("nsqd gave it away meanwhile: %+v", c)
	}
}

func TestAtTheEndEventsAtTheSinkAreWaitedFor(t *testing.T) {
	nsqd := nsqdWith(t)
	answer := make(chan struct{})
	url, deliveries := sinkOf(t, func(http.ResponseWriter, delivery) { <-answer })
	_, stop := start(t, nsqd, url, func(s *settings) { s.MaxInFlight = 2 })
	publish(t, nsqd, "images", "1", "2", "3", "4")
	receive(t, deliveries, "a message")
	receive(t, deliveries, "another message")
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	eventually(t, "nothing new is taken", func() bool { return countsOf(t, nsqd, "images", "process").ready() == 0 })
	select {
	case <-stopped:
		t.Fatal("it ended while events were at the sink")
	default:
	}
	close(answer)
	receive(t, stopped, "the end")
	if c := countsOf(t, nsqd, "images", "process"); c.InFlight != 0 || c.Depth+c.Deferred != 2 || len(deliveries) != 0 {
		t.Errorf("two events were taken, two messages are left; nsqd says %+v", c)
	}
}

func TestAfterTheGraceTimeMessagesAreGivenBackAtOnce(t *testing.T) {
	nsqd := nsqdWith(t)
	hung := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		r.Body.Close()
		<-r.Context().Done() // until the bridge hangs up
	}))
	t.Cleanup(hung.Close)
	_, stop := start(t, nsqd, hung.URL, func(s *settings) { s.MaxInFlight, s.Grace = 3, 200*time.Millisecond })
	publish(t, nsqd, "images", "1", "2", "3", "4")
	eventually(t, "the sink is busy", func() bool { return countsOf(t, nsqd, "images", "process").InFlight == 3 })
	began := time.Now()
	stop()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v to end, with a grace time of 200ms", took)
	}
	if c := countsOf(t, nsqd, "images", "process"); c.InFlight != 0 || c.Deferred != 0 || c.Depth != 4 {
		t.Errorf("all four messages are to be had at once; nsqd says %+v", c)
	}
}

func TestALoneMessageDoesNotWaitInNSQDsBuffer(t *testing.T) {
	nsqd := nsqdWith(t)
	url, deliveries := sinkOf(t, nil)
	start(t, nsqd, url, nil)
	publish(t, nsqd, "images", "first")
	receive(t, deliveries, "the first message, for which everything is set up")
	var took []time.Duration
	for range 30 {
		publish(t, nsqd, "images", "lone")
		published := time.Now()
		took = append(took, receive(t, deliveries, "a message").at.Sub(published))
	}
	slices.Sort(took)
	// go-nsq's default of 250 ms would cost half of that in the middle.
	if median := took[len(took)/2]; median > 90*time.Millisecond {
		t.Errorf("a lone message takes %v, half of them more", median)
	}
	t.Logf("p50 %v, p90 %v", took[len(took)/2], took[len(took)*9/10])
}

func TestConnectionsToTheSinkAreKept(t *testing.T) {
	nsqd := nsqdWith(t)
	var opened atomic.Int32
	got := make(chan delivery, 1000)
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
	start(t, nsqd, server.URL, func(s *settings) { s.MaxInFlight = 8 })
	for range bodies {
		receive(t, got, "all messages")
	}
	if n := opened.Load(); n > 20 {
		t.Errorf("%d connections for 8 messages at once", n)
	}
}

func TestEventsArriveAsTheyAre(t *testing.T) {
	nsqd := nsqdWith(t)
	url, deliveries := sinkOf(t, nil)
	start(t, nsqd, url, func(s *settings) { s.Overrides = event.Overrides{"region": "here"} })
	trace := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	publish(t, nsqd, "images", `{"specversion":"1.0","id":"7.1","source":"/lineup/receive","type":"dev.lineup.image.submitted",
		"subject":"images/7","time":"2026-11-23T12:00:00.5Z","dataschema":"https://example.com/schema","traceparent":"`+trace+`",
		"datacontenttype":"application/json","data":{ "id": 7, "path": "<é>" }}`)
	e := receive(t, deliveries, "the event").event
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
	e = receive(t, deliveries, "the wrapped message").event
	if e.Type() != "dev.lineup.nsq.message" || e.Source() != "/lineup/bridge" || string(e.Data()) != "\x00\xff plain" ||
		e.DataContentType() != "application/octet-stream" || e.Extensions()["region"] != "here" {
		t.Errorf("not wrapped as it is: %s", e)
	}
}

func TestAMessageThatComesAgainHasTheSameID(t *testing.T) {
	nsqd := nsqdWith(t)
	url, deliveries := sinkOf(t, once(status(http.StatusInternalServerError)))
	start(t, nsqd, url, nil)
	publish(t, nsqd, "images", "plain")
	first, second := receive(t, deliveries, "the message"), receive(t, deliveries, "the message again")
	if first.event.ID() != second.event.ID() || first.attempts(t) != 1 || second.attempts(t) != 2 {
		t.Errorf("%s, then %s", first.event, second.event)
	}
}

func TestTwoBridgesShareAChannel(t *testing.T) {
	nsqd := nsqdWith(t)
	var mu sync.Mutex
	seen := map[string]int{}
	url, deliveries := sinkOf(t, func(_ http.ResponseWriter, d delivery) {
		mu.Lock()
		defer mu.Unlock()
		seen[d.body()]++
	})
	start(t, nsqd, url, nil)
	start(t, nsqd, url, nil)
	eventually(t, "both read", func() bool { return len(countsOf(t, nsqd, "images", "process").Clients) == 2 })
	var bodies []string
	for i := range 200 {
		bodies = append(bodies, fmt.Sprint(i))
	}
	publish(t, nsqd, "images", bodies...)
	for range bodies {
		receive(t, deliveries, "all messages")
	}
	eventually(t, "nothing is left", func() bool { return countsOf(t, nsqd, "images", "process").left() == 0 })
	mu.Lock()
	defer mu.Unlock()
	for body, n := range seen {
		if n != 1 {
			t.Errorf("message %s came %d times", body, n)
		}
	}
}

func TestTheSinkHangsUpOnKeptConnections(t *testing.T) {
	nsqd := nsqdWith(t)
	got := make(chan delivery, 10)
	server := httptest.NewServer(handler(t, got, nil))
	t.Cleanup(server.Close)
	start(t, nsqd, server.URL, nil)
	for i := range 5 {
		publish(t, nsqd, "images", fmt.Sprint(i))
		if d := receive(t, got, "the message"); d.attempts(t) != 1 {
			t.Errorf("message %d is at attempt %d", i, d.attempts(t))
		}
		eventually(t, "it is finished", func() bool { return countsOf(t, nsqd, "images", "process").InFlight == 0 })
		server.CloseClientConnections()
	}
}
