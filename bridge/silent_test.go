package main

import (
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
)

// TestASilentNSQDIsConnectedToAnew has the connection swallow all bytes while new ones are served, as when a NAT
// forgot it. Without heartbeats of its own, go-nsq would notice after a minute.
func TestASilentNSQDIsConnectedToAnew(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	hop := testkit.NewHop(t, nsqd.TCP)
	url, arrivals := sinkOf(t, nil)
	start(t, nsqd, url, func(s *settings) {
		s.NSQ.Addresses = []string{hop.Address}
		s.MsgTimeout = 2 * time.Second // nsqd gives what was in flight on a lost connection to another only then
	})
	publish(t, nsqd, "images", "before")
	receive(t, arrivals, "the message before")
	testkit.Eventually(t, patience, "it is finished", func() bool { return countsOf(t, nsqd, "images", "process").left() == 0 })
	hop.Swallow()
	publish(t, nsqd, "images", "in silence")
	receive(t, arrivals, "the message that was published while nsqd was silent")
}
