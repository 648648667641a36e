package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nsqio/nsq/nsqd"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
)

// TestMessagesUnderOneIDDoNotStopAnNSQD has an nsqd find every message twice on its disk, as
// one does that was killed while it moved them, and all of them put off. It counts the second
// of each as in flight for ever.
func TestMessagesUnderOneIDDoNotStopAnNSQD(t *testing.T) {
	t.Parallel()
	const inFlight = 4
	data := t.TempDir()
	broker := deptest.NSQWith(t, func(o *nsqd.Options) { o.DataPath, o.MemQueueSize = data, 0 })
	for _, create := range []string{"/topic/create?topic=images", "/channel/create?topic=images&channel=process"} {
		testkit.Must(unkept.Post("http://"+broker.HTTP+create, "", nil))(t).Body.Close()
	}
	for i := range inFlight {
		publish(t, broker, "images", fmt.Sprint("twice ", i))
	}
	testkit.Eventually(t, patience, "the channel has them", func() bool { return countsOf(t, broker, "images", "process").Depth == inFlight })
	broker.Stop()
	double(t, filepath.Join(data, "images:process.diskqueue"))
	broker.Start(t)
	if depth := countsOf(t, broker, "images", "process").Depth; depth != 2*inFlight {
		t.Fatalf("nsqd has %d messages, want %d", depth, 2*inFlight)
	}
	publish(t, broker, "images", "after them")

	url, arrivals := sinkOf(t, func(w http.ResponseWriter, d arrival) {
		if d.body() != "after them" {
			status(http.StatusTooManyRequests, "Retry-After", "60")(w)
		}
	})
	start(t, broker, url, func(s *settings) {
		s.MaxInFlight = []int{inFlight}
		s.MsgTimeout = 2 * time.Second // until then nsqd keeps what it had sent on a connection that was left
	})
	for got := ""; got != "after them"; {
		got = receive(t, arrivals, "the message after those that are there twice").body()
	}
}

// double writes what a queue of nsqd's holds on disk once more behind itself.
func double(t *testing.T, queue string) {
	t.Helper()
	meta, messages := queue+".meta.dat", queue+".000000.dat"
	var depth, readFile, readAt, writeFile, writeAt int64
	const format = "%d\n%d,%d\n%d,%d\n"
	testkit.Must(fmt.Sscanf(string(testkit.Must(os.ReadFile(meta))(t)), format, &depth, &readFile, &readAt, &writeFile, &writeAt))(t)
	held := testkit.Must(os.ReadFile(messages))(t)
	if readAt != 0 || writeFile != 0 || int64(len(held)) != writeAt {
		t.Fatalf("the queue is read from %d and written to %d of file %d, which has %d bytes", readAt, writeAt, writeFile, len(held))
	}
	testkit.Succeed(t, os.WriteFile(messages, append(held, held...), 0o600))
	testkit.Succeed(t, os.WriteFile(meta, fmt.Appendf(nil, format, 2*depth, readFile, readAt, writeFile, 2*writeAt), 0o600))
}
