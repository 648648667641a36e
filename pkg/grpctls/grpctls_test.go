package grpctls_test

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"lineup.dev/lineup/local/testcerts"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/grpctls"
)

var quiet = slog.New(slog.DiscardHandler)

// serve answers health checks until the test ends.
func serve(t *testing.T, s grpctls.Settings) (address string) {
	t.Helper()
	credentials, err := s.Server(quiet)
	testkit.Succeed(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Succeed(t, err)
	server := grpc.NewServer(grpc.Creds(credentials))
	healthpb.RegisterHealthServer(server, health.NewServer())
	ended := make(chan struct{})
	go func() { server.Serve(listener); close(ended) }()
	t.Cleanup(func() { server.Stop(); <-ended })
	return listener.Addr().String()
}

// call asks over a connection of its own.
func call(t *testing.T, s grpctls.Settings, address string) error {
	t.Helper()
	credentials, err := s.Client(quiet)
	testkit.Succeed(t, err)
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials))
	testkit.Succeed(t, err)
	defer connection.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = healthpb.NewHealthClient(connection).Check(ctx, &healthpb.HealthCheckRequest{})
	return err
}

// side is settings with a certificate of one CA that trust another, each nil for none.
func side(t *testing.T, own, others *testcerts.CA) (s grpctls.Settings) {
	t.Helper()
	if own != nil {
		s.CertFile, s.KeyFile = own.Issue(t)
	}
	if others != nil {
		s.CAFile = others.File
	}
	return s
}

func TestWhoMayTalkToWhom(t *testing.T) {
	t.Parallel()
	ours, theirs := testcerts.New(t), testcerts.New(t)
	for name, c := range map[string]struct {
		server, client grpctls.Settings
		passes         bool
	}{
		"nothing set on either side":                {side(t, nil, nil), side(t, nil, nil), true},
		"both show a certificate of the CA":         {side(t, ours, ours), side(t, ours, ours), true},
		"the server alone shows one":                {side(t, ours, nil), side(t, nil, ours), true},
		"each of its own CA, that the other trusts": {side(t, ours, theirs), side(t, theirs, ours), true},
		"the client shows none":                     {side(t, ours, ours), side(t, nil, ours), false},
		"the client's is of another CA":             {side(t, ours, ours), side(t, theirs, ours), false},
		"the server's is of another CA":             {side(t, theirs, ours), side(t, ours, ours), false},
		"the system does not know the server's CA":  {side(t, ours, ours), side(t, ours, nil), false},
		"the client is plain":                       {side(t, ours, ours), side(t, nil, nil), false},
		"the server is plain":                       {side(t, nil, nil), side(t, ours, ours), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := call(t, c.client, serve(t, c.server))
			if c.passes && err != nil || !c.passes && status.Code(err) != codes.Unavailable {
				t.Errorf("the call ended with %v", err)
			}
		})
	}
}

func TestCertificatesAreReadAgain(t *testing.T) {
	t.Parallel()
	before, after := testcerts.New(t), testcerts.New(t)
	server, oldClient, newClient := side(t, before, before), side(t, before, before), side(t, after, after)
	// A CA's file of its own, for the test to change.
	server.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	copyFile(t, before.File, server.CAFile)
	oldClient.CAFile = server.CAFile
	address := serve(t, server)
	credentials, err := oldClient.Client(quiet) // of a program that goes on running
	testkit.Succeed(t, err)

	testkit.Succeed(t, os.Remove(server.KeyFile))
	if err := call(t, oldClient, address); err != nil {
		t.Errorf("half replaced: %v; want what held before", err)
	}
	after.IssueTo(t, server.CertFile, server.KeyFile)
	after.IssueTo(t, oldClient.CertFile, oldClient.KeyFile)
	copyFile(t, after.File, server.CAFile)
	if err := call(t, newClient, address); err != nil {
		t.Errorf("of the new CA: %v", err)
	}
	if err := call(t, side(t, before, after), address); status.Code(err) != codes.Unavailable {
		t.Errorf("a certificate of the old CA: %v", err)
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials))
	testkit.Succeed(t, err)
	defer connection.Close()
	if _, err := healthpb.NewHealthClient(connection).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil {
		t.Errorf("a client that goes on running: %v", err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	testkit.Succeed(t, err)
	testkit.Succeed(t, os.WriteFile(to, content, 0o600))
}

func TestHalfAPairIsRefused(t *testing.T) {
	t.Parallel()
	ca := testcerts.New(t)
	cert, key := ca.Issue(t)
	for name, c := range map[string]struct {
		settings grpctls.Settings
		valid    bool
	}{
		"nothing":                       {grpctls.Settings{}, true},
		"both":                          {grpctls.Settings{CertFile: cert, KeyFile: key}, true},
		"a CA alone":                    {grpctls.Settings{CAFile: ca.File}, true},
		"a certificate without its key": {grpctls.Settings{CertFile: cert}, false},
		"files that are not there":      {grpctls.Settings{CertFile: "no.pem", KeyFile: "no.pem"}, false},
		"a CA that is not there":        {grpctls.Settings{CAFile: "no.pem"}, false},
		"a key without its certificate": {grpctls.Settings{KeyFile: key, CAFile: ca.File}, false},
	} {
		if err := c.settings.Check(); (err == nil) != c.valid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFilesOfNoUse(t *testing.T) {
	t.Parallel()
	ca := testcerts.New(t)
	cert, key := ca.Issue(t)
	for name, c := range map[string]struct {
		settings grpctls.Settings
		says     string
	}{
		"a certificate without its key":        {grpctls.Settings{CertFile: cert}, "TLS_KEY_FILE"},
		"a key without its certificate":        {grpctls.Settings{KeyFile: key}, "TLS_CERT_FILE"},
		"a file that is not there":             {grpctls.Settings{CertFile: cert + "x", KeyFile: key}, "next: make both"},
		"a certificate that is a key":          {grpctls.Settings{CertFile: key, KeyFile: key}, "next: make both"},
		"CAs that are none":                    {grpctls.Settings{CertFile: cert, KeyFile: key, CAFile: key}, "TLS_CA_FILE"},
		"a server that only knows who may ask": {grpctls.Settings{CAFile: ca.File}, "TLS_CERT_FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := c.settings.Server(quiet); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want an error that says %s", err, c.says)
			}
		})
	}
}
