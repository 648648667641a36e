package main

import (
	"net/http"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
)

func TestATopicThatIsPausedOrRefusedLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	url, arrivals := sinkOf(t, func(w http.ResponseWriter, a arrival) {
		switch a.event.Extensions()["nsqtopic"] {
		case "images":
			w.Header().Set("Retry-After", "600")
			w.WriteHeader(http.StatusServiceUnavailable)
		case "photos":
			w.WriteHeader(http.StatusGone)
		}
	})
	b, _ := start(t, nsqd, url, func(s *settings) {
		s.Topics, s.MaxInFlight = []string{"images", "photos", "rematches"}, []int{16, 4, 2}
	})
	testkit.Eventually(t, patience, "all are read", func() bool { return b.ready(t.Context()) == nil })
	refused := deadLettersAt(t, nsqd, "photos.dead")
	publish(t, nsqd, "images", "one")
	receive(t, arrivals, "the message that pauses its topic")
	testkit.Eventually(t, patience, "the pause", func() bool {
		b.all[0].inFlight.mu.Lock()
		defer b.all[0].inFlight.mu.Unlock()
		return time.Until(b.all[0].inFlight.until) > 0
	})
	for range 3 {
		publish(t, nsqd, "rematches", "two")
		receive(t, arrivals, "a message of another topic")
	}
	publish(t, nsqd, "photos", "three")
	receive(t, arrivals, "a message that is refused")
	if letter := receive(t, refused, "its dead letter"); letter.event.Extensions()["nsqtopic"] != "photos.dead" {
		t.Errorf("it came by %v", letter.event.Extensions())
	}
}
