package main

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	facerecog "lineup.dev/lineup/proto"
)

// The message's deferral brings a picture again the quick way. Where the message is
// lost the row does, as soon as its retry_at has come, however new its hint is.
func TestTheRowOwnsARetry(t *testing.T) {
	face := new(faceStub)
	face.answer = func(ctx context.Context, path string) (*facerecog.IdentifyResponse, error) {
		if face.calls.Load() == 1 {
			return fail(codes.Internal, "oh")(ctx, path)
		}
		return nobody(ctx, path)
	}
	face.start(t)
	s := newSystem(t, face)
	s.Retry.First = 30 * time.Second
	s.submit(t, "a.jpg")
	due := func() int {
		t.Helper()
		hints, err := s.store.Due(t.Context(), 2*time.Minute, 10)
		testkit.Succeed(t, err)
		return len(hints)
	}
	s.wantAnswer(t, s.deliver(t, 1), http.StatusTooManyRequests, "30") // what the message waits for
	if n := s.count(t, "retry_at BETWEEN UTC_TIMESTAMP(6) + INTERVAL 20 SECOND AND UTC_TIMESTAMP(6) + INTERVAL 30 SECOND"); n != 1 {
		t.Error("the row does not wait for the same time")
	}
	if due() != 0 {
		t.Error("a hint is due while the message is put off")
	}
	if got := s.deliver(t, 1); got.Code != http.StatusTooManyRequests || face.calls.Load() != 1 {
		t.Errorf("a message that came too early: %d and %d calls, want 429 and the one", got.Code, face.calls.Load())
	}

	_, err := s.sql(t).ExecContext(t.Context(), "UPDATE images SET retry_at=retry_at - INTERVAL 40 SECOND, queued_at=queued_at - INTERVAL 40 SECOND")
	testkit.Succeed(t, err)
	if due() != 1 {
		t.Error("no hint is due though the time of the retry has come")
	}
	for _, got := range []int{s.deliver(t, 1).Code, s.deliver(t, 1).Code} { // the hint, and the message all the same
		if got != http.StatusOK {
			t.Errorf("answered with %d, want 200", got)
		}
	}
	if past := s.past(t, 1); !slices.Contains(past, "tried try 1 failed: the face server met an error of its own (Internal)") {
		t.Errorf("the history is %q", past)
	}
	if image := s.image(t, 1); image.Status != lineup.Unknown || face.calls.Load() != 2 {
		t.Errorf("%s after %d calls, want unknown after two", image.Status, face.calls.Load())
	}
}
