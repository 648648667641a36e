package main

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/breaker"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

// parts are what was told, by their names.
func (s *system) parts(t *testing.T) map[string]store.Part {
	t.Helper()
	parts := map[string]store.Part{}
	for _, part := range testkit.Must(s.store.Stats(t.Context()))(t).Parts {
		parts[part.Name] = part
	}
	return parts
}

func TestTheCircuitAndTheFaceServerAreToldWhenTheyChange(t *testing.T) {
	t.Parallel()
	broken := true
	face := &faceStub{answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) {
		if broken {
			return nil, status.Error(codes.Internal, "oh")
		}
		return &facerecog.IdentifyResponse{}, nil
	}}
	face.sick.Store(true)
	face.start(t)
	s := newSystem(t, face)
	s.submitMany(t, 6)
	want := func(when, circuit, server string) map[string]store.Part {
		t.Helper()
		parts := s.parts(t)
		if parts["circuit to the face server"].State != circuit || parts["face server"].State != server {
			t.Errorf("%s: %+v, want %q and %q", when, parts, circuit, server)
		}
		return parts
	}
	s.deliver(t, 1)
	want("one failure, of which nothing follows", "", "")
	s.deliver(t, 2)
	s.deliver(t, 3)
	opened := want("three failures", "open", "away")["face server"]
	if opened.Next == nil || !opened.Next.After(opened.At) || opened.Detail == "" {
		t.Errorf("opened, it is told as %+v, want when it is asked again and why", opened)
	}
	s.deliver(t, 4)
	if again := s.parts(t)["face server"]; !again.At.Equal(opened.At) {
		t.Errorf("it is told again at %v, with nothing changed since %v", again.At, opened.At)
	}

	broken = false
	face.sick.Store(false)
	s.breaker = breaker.New(breaker.Settings{Failures: 1, OpenFor: time.Millisecond}, s.faces.healthy, s.log)
	s.breaker.Failure()
	testkit.Eventually(t, patience, "its time is over", func() bool { return s.breaker.Remaining() == 0 })
	s.deliver(t, 5)
	closed := want("a good probe and an answer", "closed", "ready")["face server"]
	if closed.Next != nil || closed.Detail != "" || !closed.Since.After(opened.Since) {
		t.Errorf("closed, it is told as %+v", closed)
	}
	s.deliver(t, 6)
	if again := s.parts(t)["face server"]; !again.At.Equal(closed.At) {
		t.Error("the usual way tells of it again")
	}
}
