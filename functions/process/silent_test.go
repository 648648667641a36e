package main

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"

	"lineup.dev/lineup/local/testkit"
)

// TestASilentFaceServerIsReplaced has the connection swallow all bytes while new ones are served, as when a NAT forgot it.
func TestASilentFaceServerIsReplaced(t *testing.T) {
	t.Parallel()
	face := &faceStub{answer: nobody}
	face.start(t)
	for name, ask := range map[string]func(*testing.T, *faceServer) error{
		// The call ends by a ping that is not answered, long before its own limit.
		"call": func(t *testing.T, f *faceServer) error {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			if o := f.identify(ctx, context.Background(), &picture{pipeline: new(pipeline), id: 1}); o.code != codes.Unavailable || !o.sent {
				t.Errorf("in silence a call ended with %v, sent %t: %s", o.code, o.sent, o.message)
			}
			return f.healthy(t.Context())
		},
		// It asks over a new connection before a ping tells, and calls go there from then on.
		"health check": func(t *testing.T, f *faceServer) error {
			if err := f.healthy(t.Context()); err != nil {
				t.Errorf("a health check on a connection that went silent: %v", err)
			}
			o := f.identify(t.Context(), context.Background(), &picture{pipeline: new(pipeline), id: 1})
			if o.code != codes.OK {
				t.Errorf("the call after it ended with %v: %s", o.code, o.message)
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hop := testkit.NewHop(t, face.address)
			f := testkit.Must(dialFaceServer(hop.Address, insecure.NewCredentials(), time.Second))(t)
			t.Cleanup(func() { f.close() })
			testkit.Succeed(t, f.healthy(t.Context()))
			hop.Swallow()
			testkit.Succeed(t, ask(t, f))
		})
	}
}
