package queue_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/queue"
)

const patience = 20 * time.Second // the longest a test waits for what must happen

func open(t *testing.T, s queue.Settings) *queue.Queue {
	t.Helper()
	q := testkit.Must(queue.New(s))(t)
	t.Cleanup(func() { q.Close() })
	return q
}

func backlog(t *testing.T, q *queue.Queue, topic, channel string) int {
	t.Helper()
	return testkit.Must(q.Backlog(t.Context(), topic, channel))(t)
}

// consume reads n messages from topic.
func consume(t *testing.T, address, topic string, n int) [][]byte {
	t.Helper()
	return consumeWith(t, nsq.NewConfig(), address, topic, n)
}

func consumeWith(t *testing.T, config *nsq.Config, address, topic string, n int) [][]byte {
	t.Helper()
	c, err := nsq.NewConsumer(topic, "test", config)
	if err != nil {
		t.Fatal(err)
	}
	c.SetLoggerLevel(nsq.LogLevelMax)
	got := make(chan []byte, n)
	c.AddHandler(nsq.HandlerFunc(func(m *nsq.Message) error {
		got <- m.Body
		return nil
	}))
	if err := c.ConnectToNSQD(address); err != nil {
		t.Fatal(err)
	}
	defer func() { c.Stop(); <-c.StopChan }()
	var bodies [][]byte
	for range n {
		select {
		case body := <-got:
			bodies = append(bodies, body)
		case <-time.After(patience):
			t.Fatalf("got %d of %d messages", len(bodies), n)
		}
	}
	return bodies
}

func TestPublish(t *testing.T) {
	nsqd := deptest.NSQ(t)
	q := open(t, deptest.QueueSettings(t, nsqd.TCP, nsqd.HTTP))

	if n := backlog(t, q, "images", "process"); n != 0 {
		t.Fatalf("backlog of a topic that does not exist: %d, want 0", n)
	}
	if err := q.Publish(t.Context(), "images"); err != nil {
		t.Fatalf("publish nothing: %v", err)
	}
	if err := q.Publish(t.Context(), "images", []byte("one")); err != nil {
		t.Fatal(err)
	}
	if err := q.Publish(t.Context(), "images", []byte("two"), []byte("three")); err != nil {
		t.Fatal(err)
	}
	if n := backlog(t, q, "images", "process"); n != 3 {
		t.Fatalf("backlog: %d, want the 3 that wait in the topic for a channel", n)
	}
	if got := fmt.Sprintf("%s", consume(t, nsqd.TCP, "images", 3)); got != "[one two three]" {
		t.Fatalf("published one, two, three; consumed %s", got)
	}
}

func TestBacklogCountsTheChannelNamed(t *testing.T) {
	nsqd := deptest.NSQ(t)
	q := open(t, deptest.QueueSettings(t, nsqd.TCP, nsqd.HTTP))
	if err := q.Publish(t.Context(), "images", []byte("first")); err != nil {
		t.Fatal(err)
	}
	consume(t, nsqd.TCP, "images", 1) // by channel test, which exists from now on
	if err := q.Publish(t.Context(), "images", []byte("second"), []byte("third")); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, patience, "a backlog of 2 for test and of 0 for other", func() bool {
		return backlog(t, q, "images", "test") == 2 && backlog(t, q, "images", "other") == 0
	})
}

func TestALargeBatchIsSplitSoThatNSQDTakesIt(t *testing.T) {
	nsqd := deptest.NSQ(t)
	s := deptest.QueueSettings(t, nsqd.TCP, nsqd.HTTP)
	s.Timeout = 10 * time.Second
	q := open(t, s)
	bodies := make([][]byte, 25) // 25 times 0.9 MiB are far more than the 5 MiB of one MPUB
	for i := range bodies {
		bodies[i] = bytes.Repeat([]byte{byte('a' + i)}, 900<<10)
	}
	if err := q.Publish(t.Context(), "images", bodies...); err != nil {
		t.Fatal(err)
	}
	for i, body := range consume(t, nsqd.TCP, "images", len(bodies)) {
		if !bytes.Equal(body, bodies[i]) {
			t.Fatalf("message %d is not what was published", i)
		}
	}
}

func TestWhatNSQDWouldRefuseIsRefusedBefore(t *testing.T) {
	q := open(t, deptest.QueueSettings(t, "127.0.0.1:1", "127.0.0.1:1")) // nobody listens there
	for what, publish := range map[string]func() error{
		"a message above the limit": func() error { return q.Publish(t.Context(), "images", make([]byte, 1<<20+1)) },
		"an empty message":          func() error { return q.Publish(t.Context(), "images", []byte("a"), nil) },
		"a topic with a space":      func() error { return q.Publish(t.Context(), "my images", []byte("a")) },
	} {
		err := publish()
		var network *net.OpError
		if err == nil || errors.As(err, &network) {
			t.Errorf("%s: %v, want an error before nsqd is asked", what, err)
		}
		if errors.Is(err, queue.ErrTooLarge) != (what == "a message above the limit") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := q.Publish(t.Context(), "images", make([]byte, 1<<20)); errors.Is(err, queue.ErrTooLarge) {
		t.Errorf("a message of exactly the limit: %v", err)
	}
}

func TestTheFirstPublishAfterARestartSucceeds(t *testing.T) {
	nsqd := deptest.NSQ(t)
	q := open(t, deptest.QueueSettings(t, nsqd.TCP, nsqd.HTTP))
	for round := range 5 {
		if err := q.Publish(t.Context(), "images", []byte("a")); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		nsqd.Stop()
		nsqd.Start(t)
	}
	if err := q.Publish(t.Context(), "images", []byte("b"), []byte("c")); err != nil {
		t.Fatal(err)
	}
}

func TestConcurrentPublishersSurviveARestart(t *testing.T) {
	nsqd := deptest.NSQ(t)
	q := open(t, deptest.QueueSettings(t, nsqd.TCP, nsqd.HTTP))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var publishers sync.WaitGroup
	restarted := make(chan struct{})
	// An nsqd that is told to end while it accepts a connection waits for that one for
	// ever, so the connection is made before.
	if err := q.Publish(ctx, "images", []byte("first")); err != nil {
		t.Fatal(err)
	}
	backlog(t, q, "images", "process") // nsqd is wholly there
	for i := range 16 {
		publishers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-restarted:
					if err := q.Publish(ctx, "images", []byte("last")); err != nil {
						t.Errorf("publisher %d after the restart: %v", i, err)
					}
					return
				default:
					q.Publish(ctx, "images", []byte("while it restarts")) // may fail: nsqd is down in between
				}
			}
		})
	}
	nsqd.Stop()
	nsqd.Start(t)
	close(restarted)
	publishers.Wait()
}

func TestBacklogCountsWhatIsInFlightOrDeferred(t *testing.T) {
	nsqd := deptest.NSQ(t)
	q := open(t, deptest.QueueSettings(t, nsqd.TCP, nsqd.HTTP))
	if err := q.Publish(t.Context(), "images", []byte("deferred"), []byte("in flight"), []byte("waiting")); err != nil {
		t.Fatal(err)
	}
	config := nsq.NewConfig()
	config.MaxInFlight = 1
	c, err := nsq.NewConsumer("images", "test", config)
	if err != nil {
		t.Fatal(err)
	}
	c.SetLoggerLevel(nsq.LogLevelMax)
	got, release := make(chan string, 3), make(chan struct{})
	c.AddHandler(nsq.HandlerFunc(func(m *nsq.Message) error {
		got <- string(m.Body)
		if string(m.Body) == "deferred" {
			m.RequeueWithoutBackoff(time.Hour)
			return nil
		}
		<-release
		return nil
	}))
	if err := c.ConnectToNSQD(nsqd.TCP); err != nil {
		t.Fatal(err)
	}
	defer func() { close(release); c.Stop(); <-c.StopChan }()
	for _, want := range []string{"deferred", "in flight"} {
		select {
		case body := <-got:
			if body != want {
				t.Fatalf("got %s, want %s", body, want)
			}
		case <-time.After(patience):
			t.Fatalf("%s never came", want)
		}
	}
	if n := backlog(t, q, "images", "test"); n != 3 {
		t.Errorf("backlog %d, want 3: one deferred, one in flight, one waiting", n)
	}
}

func TestANSQDThatIsDownCostsLittleTime(t *testing.T) {
	nsqd := deptest.NSQ(t)
	q := open(t, deptest.QueueSettings(t, nsqd.TCP, nsqd.HTTP))
	if err := q.Publish(t.Context(), "images", []byte("a")); err != nil {
		t.Fatal(err)
	}
	nsqd.Stop()
	started := time.Now()
	if err := q.Publish(t.Context(), "images", []byte("b")); err == nil {
		t.Error("published to nobody")
	}
	if _, err := q.Backlog(t.Context(), "images", "process"); err == nil {
		t.Error("backlog of nobody")
	}
	if took := time.Since(started); took > 4*time.Second {
		t.Errorf("it took %v to learn that nsqd is down", took)
	}
}

// hanging is the address of a server that accepts connections and says nothing, as a stopped process or a cut-off host.
func hanging(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener.Addr().String() // the kernel accepts for it
}

func TestAHangingNSQDCostsAtMostTheTimeout(t *testing.T) {
	address := hanging(t)
	s := deptest.QueueSettings(t, address, address)
	s.Timeout = 300 * time.Millisecond
	q := open(t, s)
	s.Timeout = time.Hour
	patient := open(t, s)
	for what, call := range map[string]func(context.Context, *queue.Queue) error{
		"publish": func(ctx context.Context, q *queue.Queue) error { return q.Publish(ctx, "images", []byte("a")) },
		"backlog": func(ctx context.Context, q *queue.Queue) error {
			_, err := q.Backlog(ctx, "images", "process")
			return err
		},
	} {
		started := time.Now()
		if err := call(t.Context(), q); err == nil {
			t.Errorf("%s: no error", what)
		}
		if took := time.Since(started); took < 300*time.Millisecond || took > 20*time.Second {
			t.Errorf("%s took %v, want the timeout of 300ms", what, took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if err := call(ctx, patient); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s with a deadline: %v, want the deadline", what, err)
		}
		cancel()
	}
}

func TestWhatIsNoNSQDIsNotTakenForOne(t *testing.T) {
	nsqd := deptest.NSQ(t)
	q := open(t, deptest.QueueSettings(t, nsqd.HTTP, nsqd.TCP)) // each in the other's place
	if err := q.Publish(t.Context(), "images", []byte("a")); err == nil {
		t.Error("published to an HTTP server")
	}
	if _, err := q.Backlog(t.Context(), "images", "process"); err == nil {
		t.Error("asked a server that is not HTTP for a backlog")
	}
}

func TestClosed(t *testing.T) {
	nsqd := deptest.NSQ(t)
	q := open(t, deptest.QueueSettings(t, nsqd.TCP, nsqd.HTTP))
	if err := q.Publish(t.Context(), "images", []byte("a")); err != nil {
		t.Fatal(err)
	}
	q.Close()
	q.Close()
	if err := q.Publish(t.Context(), "images", []byte("b")); !errors.Is(err, queue.ErrClosed) {
		t.Errorf("publish after Close: %v, want ErrClosed", err)
	}
}

func BenchmarkPublish(b *testing.B) {
	nsqd := deptest.NSQ(b)
	q, err := queue.New(deptest.QueueSettings(b, nsqd.TCP, nsqd.HTTP))
	if err != nil {
		b.Fatal(err)
	}
	defer q.Close()
	body := bytes.Repeat([]byte("x"), 300)
	b.Run("one", func(b *testing.B) {
		for b.Loop() {
			if err := q.Publish(b.Context(), "images", body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("hundred", func(b *testing.B) {
		bodies := make([][]byte, 100)
		for i := range bodies {
			bodies[i] = body
		}
		for b.Loop() {
			if err := q.Publish(b.Context(), "images", bodies...); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestNSQDsOwnLimitCounts(t *testing.T) {
	nsqd := deptest.NSQ(t)
	s := deptest.QueueSettings(t, nsqd.TCP, nsqd.HTTP)
	s.MaxMessage = 4 << 20
	q := open(t, s)
	for range 2 { // on a fresh connection, and after one that nsqd closed
		if err := q.Publish(t.Context(), "images", make([]byte, 3<<20)); !errors.Is(err, queue.ErrTooLarge) {
			t.Errorf("publish 3 MiB to an nsqd that takes 1 MiB: %v, want ErrTooLarge", err)
		}
	}
}
