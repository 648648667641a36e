package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/queue"
)

const patience = 30 * time.Second // the longest a test waits for what must happen

// receive takes the next of what a test waits for.
func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("never came: %s", what)
		panic("unreachable")
	}
}

// unkept keeps no connection. On a kept one, an nsqd that was stopped inside this
// process would go on answering.
var unkept = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// nsqdWith starts an nsqd that has the channel process of the topic images. It is
// started a second time because an nsqd gives deferred messages of a channel that it
// did not begin with back only after up to 5 s, when it looks what channels there
// are.
func nsqdWith(t testing.TB, lookupds ...string) *deptest.NSQD {
	t.Helper()
	nsqd := deptest.NSQ(t, lookupds...)
	for _, create := range []string{"/topic/create?topic=images", "/channel/create?topic=images&channel=process"} {
		testkit.Must(unkept.Post("http://"+nsqd.HTTP+create, "", nil))(t).Body.Close()
	}
	nsqd.Stop()
	nsqd.Start(t)
	return nsqd
}

// start runs the bridge of the topic images, with short times, until the test ends or stop
// is called, which waits for its end.
func start(t testing.TB, nsqd *deptest.NSQD, sink string, change func(*settings)) (b *bridges, stop func()) {
	t.Helper()
	s := defaults(t)
	s.Topics = []string{"images"}
	s.Sink, s.NSQ.Addresses = sink, []string{nsqd.TCP}
	s.RetryMin, s.RetryMax, s.Reconnect = 200*time.Millisecond, 200*time.Millisecond, 50*time.Millisecond
	if change != nil {
		change(&s)
	}
	b = testkit.Must(newBridges(s, slog.New(slog.DiscardHandler)))(t)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := b.run(ctx); err != nil {
			t.Errorf("bridge: %v", err)
		}
	}()
	stop = func() { cancel(); <-ended }
	t.Cleanup(stop)
	return b, stop
}

func publish(t testing.TB, nsqd *deptest.NSQD, topic string, bodies ...string) {
	t.Helper()
	q := testkit.Must(queue.New(deptest.QueueSettings(t, nsqd.TCP, nsqd.HTTP)))(t)
	defer q.Close()
	for _, body := range bodies {
		testkit.Succeed(t, q.Publish(t.Context(), topic, []byte(body)))
	}
}

// arrival is an event that reached a sink.
type arrival struct {
	event cloudevents.Event
	at    time.Time
}

func (d arrival) body() string { return string(d.event.Data()) }

func (d arrival) attempts(t testing.TB) int {
	t.Helper()
	n := testkit.Must(d.event.Context.GetExtension("nsqattempts"))(t)
	var attempts int
	testkit.Must(fmt.Sscan(n.(string), &attempts))(t)
	return attempts
}

// sinkOf starts a sink that answers with answers. Every event that reached it, in
// order, is in the channel.
func sinkOf(t testing.TB, answers func(w http.ResponseWriter, d arrival)) (url string, arrivals <-chan arrival) {
	t.Helper()
	got := make(chan arrival, 100_000)
	server := httptest.NewServer(handler(t, got, answers))
	t.Cleanup(server.Close)
	return server.URL, got
}

func handler(t testing.TB, got chan<- arrival, answers func(w http.ResponseWriter, d arrival)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Ce-Specversion") != "1.0" || r.Method != http.MethodPost {
			t.Errorf("%s with headers %v: no event in binary mode", r.Method, r.Header)
		}
		received, err := event.Read(r)
		if err != nil || len(received) != 1 {
			t.Errorf("%d events: %v", len(received), err)
			return
		}
		d := arrival{received[0].Event, time.Now()}
		got <- d
		if answers != nil {
			answers(w, d)
		}
	})
}

// counts are what nsqd says about a channel.
type counts struct {
	Depth     int `json:"depth"`
	InFlight  int `json:"in_flight_count"`
	Deferred  int `json:"deferred_count"`
	Requeued  int `json:"requeue_count"`
	TimedOut  int `json:"timeout_count"`
	Published int `json:"message_count"`
	Clients   []struct {
		Ready int `json:"ready_count"`
	} `json:"clients"`
}

// left tells how many messages nsqd still has to have delivered.
func (c counts) left() int { return c.Depth + c.InFlight + c.Deferred }

// ready is how many messages those who read the channel take at once.
func (c counts) ready() int {
	n := 0
	for _, client := range c.Clients {
		n += client.Ready
	}
	return n
}

func countsOf(t testing.TB, nsqd *deptest.NSQD, topic, channel string) counts {
	t.Helper()
	response := testkit.Must(unkept.Get("http://" + nsqd.HTTP + "/stats?format=json&topic=" + topic + "&channel=" + channel))(t)
	defer response.Body.Close()
	var stats struct {
		Topics []struct{ Channels []counts }
	}
	testkit.Succeed(t, json.NewDecoder(response.Body).Decode(&stats))
	if len(stats.Topics) == 0 || len(stats.Topics[0].Channels) == 0 {
		return counts{}
	}
	return stats.Topics[0].Channels[0]
}

// deadLettersAt reads a topic of dead letters by a bridge of its own.
func deadLettersAt(t *testing.T, nsqd *deptest.NSQD, topic string) <-chan arrival {
	t.Helper()
	url, letters := sinkOf(t, nil)
	start(t, nsqd, url, func(s *settings) { s.Topics, s.Channel = []string{topic}, "test" })
	return letters
}

// once answers the first event as told and the others with 200.
func once(answer func(http.ResponseWriter)) func(http.ResponseWriter, arrival) {
	var answered atomic.Bool
	return func(w http.ResponseWriter, _ arrival) {
		if !answered.Swap(true) {
			answer(w)
		}
	}
}

func status(code int, headers ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
	}
}
