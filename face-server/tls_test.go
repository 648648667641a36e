package main

import (
	"context"
	"log/slog"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lineup.dev/lineup/local/testcerts"
	facerecog "lineup.dev/lineup/proto"
)

func TestOnlyThoseWithACertificateAreAnswered(t *testing.T) {
	t.Parallel()
	ca, log := testcerts.New(t), slog.New(slog.DiscardHandler)
	s := forTests(t)
	s.CertFile, s.KeyFile = ca.Issue(t)
	s.CAFile = ca.File
	secure, err := s.TLS.Server(log)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	answering := newTestServer(t, s)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- answerCalls(ctx, s, listener, secure, pings, answering) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("server ended with %v", err)
		}
	})
	for name, c := range map[string]struct {
		client TLS
		want   codes.Code
	}{
		"with one of the CA": {s.TLS, codes.OK},
		"with none":          {TLS{CAFile: ca.File}, codes.Unavailable},
		"without TLS":        {TLS{}, codes.Unavailable},
	} {
		credentials, err := c.client.Client(log)
		if err != nil {
			t.Fatal(err)
		}
		connection, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(credentials))
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		if _, err := facerecog.NewHealthCheckClient(connection).HealthCheck(t.Context(), &facerecog.Empty{}); status.Code(err) != c.want {
			t.Errorf("a client %s: %v, want %v", name, err, c.want)
		}
	}
}
