package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc/credentials/insecure"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/breaker"
)

// TestAnHoursOutageFailsNothing lives through an hour, in which the circuit is open
// for 10 s and then probes for 5, again and again. Here that takes some hundredths of
// a second, and what the database knows of time is moved back by 15 s.
func TestAnHoursOutageFailsNothing(t *testing.T) {
	t.Parallel()
	const (
		pictures = 4
		hour     = 240 // times 15 s
	)
	face := &faceStub{answer: nobody}
	face.start(t)
	face.server.Stop()
	s := newSystem(t, face)
	s.faces.close()
	var err error
	s.faces, err = dialFaceServer(face.address, insecure.NewCredentials(), 20*time.Millisecond)
	testkit.Succeed(t, err)
	t.Cleanup(func() { s.faces.close() })
	s.breaker = breaker.New(breaker.Settings{Failures: 3, OpenFor: 10 * time.Millisecond}, s.faces.healthy, s.log)
	s.submitMany(t, pictures)
	db := s.sql(t)
	for range hour {
		for i, a := range s.deliverAll(t, pictures) {
			if a.Code != http.StatusServiceUnavailable && a.Code != http.StatusTooManyRequests {
				t.Fatalf("picture %d: %d %s; want 503 or 429", i+1, a.Code, a.Body)
			}
		}
		_, err := db.ExecContext(t.Context(), "UPDATE images SET retry_at=retry_at - INTERVAL 15 SECOND, queued_at=queued_at - INTERVAL 15 SECOND")
		testkit.Succeed(t, err)
		testkit.Eventually(t, patience, "its time is over", func() bool { return s.breaker.Remaining() == 0 })
	}
	if n := s.count(t, "status='pending' AND attempts=0"); n != pictures {
		t.Errorf("after an hour %d of %d pictures are pending without an attempt", n, pictures)
	}
	s.faces.healthTimeout = time.Second
	face.start(t)
	for id := range int64(pictures) {
		testkit.Eventually(t, patience, fmt.Sprintf("picture %d is looked at", id+1), func() bool { return s.deliver(t, id+1).Code == http.StatusOK })
	}
	if n := face.calls.Load(); n != pictures {
		t.Errorf("%d calls for %d pictures", n, pictures)
	}
}
