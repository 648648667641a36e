package main

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
)

// TestAnotherNSQDGetsItsShare has a second nsqd come when the first may send all.
func TestAnotherNSQDGetsItsShare(t *testing.T) {
	t.Parallel()
	first, second := deptest.NSQ(t), deptest.NSQ(t)
	second.Stop()
	s := defaults(t)
	url, _ := sinkOf(t, func(w http.ResponseWriter, _ arrival) { w.WriteHeader(http.StatusNoContent) })
	s.Sink, s.NSQ.Addresses = url, []string{first.TCP, second.TCP}
	b := newImagesBridge(t, s)
	var shared atomic.Int32
	share := b.source.share
	b.source.share = func() { share(); shared.Add(1) }
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.source.read(ctx, func(m *nsq.Message) { m.Finish() }) }()
	t.Cleanup(func() {
		cancel()
		testkit.Succeed(t, <-ended)
		b.source.stop()
	})
	testkit.Eventually(t, patience, "the first has its share", func() bool { return shared.Load() == 1 })
	second.Start(t)
	testkit.Eventually(t, patience, "the second has its share", func() bool { return shared.Load() == 2 })
	second.Stop()
	testkit.Eventually(t, patience, "the first has all again", func() bool { return shared.Load() == 3 })
}
