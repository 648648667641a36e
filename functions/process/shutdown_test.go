package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

func TestWhenTheGraceTimeIsOverPicturesAreGivenBack(t *testing.T) {
	face := &faceStub{answer: func(ctx context.Context, _ string) (*facerecog.IdentifyResponse, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	face.start(t)
	s := newSystem(t, face)
	s.FaceTimeout = s.Lease
	ending, over := context.WithCancel(t.Context())
	s.ending = ending
	s.submit(t, "a.jpg")
	answers := make(chan *httptest.ResponseRecorder, 1)
	go func() { answers <- s.deliver(t, 1) }()
	testkit.Eventually(t, patience, "it is looked at", func() bool { return face.calls.Load() == 1 })
	over()
	select {
	case answer := <-answers:
		s.wantAnswer(t, answer, http.StatusTooManyRequests, "1")
	case <-time.After(patience):
		t.Fatalf("%v after the grace time it is still looked at, as long as FACE_TIMEOUT=%v lets it", patience, s.FaceTimeout)
	}
	if claim, err := s.store.Claim(t.Context(), 1, s.Lease); err != nil || claim.Outcome != store.Won || claim.Attempts != 0 {
		t.Errorf("another instance's claim: %+v, %v; want it to win at once, without an attempt counted", claim, err)
	}
}
