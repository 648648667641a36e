package main

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"google.golang.org/grpc"

	"lineup.dev/lineup/local/testcerts"
	"lineup.dev/lineup/local/testkit"
	facerecog "lineup.dev/lineup/proto"
)

func TestTheFaceServerOverTLS(t *testing.T) {
	t.Parallel()
	ca, log := testcerts.New(t), slog.New(slog.DiscardHandler)
	own := TLS{CAFile: ca.File}
	own.CertFile, own.KeyFile = ca.Issue(t)
	secure, err := own.Server(log)
	testkit.Succeed(t, err)
	face := &faceStub{
		options: []grpc.ServerOption{grpc.Creds(secure)},
		answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) {
			return names("dad.jpg", 0.9), nil
		},
	}
	face.start(t)
	for name, c := range map[string]struct {
		settings TLS
		works    bool
	}{
		"with a certificate": {own, true},
		"with none":          {TLS{CAFile: ca.File}, false},
		"plain":              {TLS{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			credentials, err := c.settings.Client(log)
			testkit.Succeed(t, err)
			faces, err := dialFaceServer(face.address, credentials, time.Second)
			testkit.Succeed(t, err)
			defer faces.close()
			o := faces.identify(t.Context(), context.Background(), &picture{pipeline: new(pipeline), id: 1})
			if (len(o.faces) == 1) != c.works || o.sent != c.works {
				t.Errorf("it found %v, the call was sent: %t, %s", o.faces, o.sent, o.message)
			}
			if err := faces.healthy(t.Context()); (err == nil) != c.works {
				t.Errorf("the health check ended with %v", err)
			}
		})
	}
}
