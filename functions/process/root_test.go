package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	"lineup.dev/lineup/pkg/lineup"
	facerecog "lineup.dev/lineup/proto"
)

// However long a picture root is away: its pictures wait, those of others go on, and the
// circuit stays closed.
func TestADeadRootFailsNothingAndOpensNoCircuit(t *testing.T) {
	t.Parallel()
	away := fail(codes.Unavailable, "picture root cannot be reached",
		&errdetails.ErrorInfo{Reason: facerecog.RootUnreachable, Domain: "lineup"}, &errdetails.RetryInfo{RetryDelay: durationpb.New(30 * time.Second)})
	face := &faceStub{answer: func(ctx context.Context, path string) (*facerecog.IdentifyResponse, error) {
		if strings.HasPrefix(path, "dead/") {
			return away(ctx, path)
		}
		return nobody(ctx, path)
	}}
	face.start(t)
	s := newSystem(t, face)
	const dead, outages = 4, 20
	for i := range dead {
		s.submit(t, fmt.Sprintf("dead/%d.jpg", i))
	}
	for range outages {
		for id := range int64(dead) {
			s.wantAnswer(t, s.deliver(t, id+1), http.StatusTooManyRequests, "30")
		}
		if _, err := s.sql(t).ExecContext(t.Context(), "UPDATE images SET retry_at=retry_at - INTERVAL 30 SECOND"); err != nil {
			t.Fatal(err)
		}
	}
	if open := s.breaker.Remaining(); open != 0 {
		t.Errorf("the circuit is open for another %v", open)
	}
	if n := s.count(t, "status='pending' AND attempts=0"); n != dead {
		t.Errorf("%d of %d pictures are pending without an attempt", n, dead)
	}
	want := []string{"received ", "deferred picture root cannot be reached"}   // once, however often
	if past := s.past(t, 1); !slices.Equal(past[:2], want) || len(past) != 4 { // and the hint, and the next try
		t.Errorf("the history is %q, want %q", past, want)
	}
	s.submit(t, "sound.jpg")
	s.wantAnswer(t, s.deliver(t, dead+1), http.StatusOK, "")
	if image := s.image(t, dead+1); image.Status != lineup.Unknown {
		t.Errorf("the picture of another root is %s", image.Status)
	}
	if n := face.probes.Load(); n != 0 {
		t.Errorf("the face server's health was asked %d times: it answers", n)
	}
}
