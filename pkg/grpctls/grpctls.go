// Package grpctls lets gRPC speak TLS with certificates from files that may be
// replaced while the program runs.
package grpctls

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"sync"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"lineup.dev/lineup/pkg/certs"
)

// Settings of one side of a gRPC connection. With none of them the connection is
// plain.
type Settings struct {
	CertFile string `envconfig:"TLS_CERT_FILE" desc:"gRPC over TLS: PEM file of the certificate that this side shows, with those between it and its CA"`
	KeyFile  string `envconfig:"TLS_KEY_FILE" desc:"PEM file of its key"`
	CAFile   string `envconfig:"TLS_CA_FILE" desc:"PEM file of the CAs that the other side's certificate must come from"`
}

// Check refuses one half of a certificate and its key, and files that cannot be used.
func (s Settings) Check() error {
	return s.files().Check()
}

func (s Settings) files() certs.Files {
	return certs.Files{Cert: s.CertFile, Key: s.KeyFile, CA: s.CAFile, Prefix: "TLS_"}
}

// CheckServer refuses what a server alone cannot do with: clients' certificates without
// one of its own.
func (s Settings) CheckServer() error {
	if s.CertFile == "" && s.CAFile != "" {
		return errors.New("TLS_CA_FILE is set without TLS_CERT_FILE: a server needs a certificate of its own, set both and TLS_KEY_FILE")
	}
	return nil
}

// Server is for the side that listens: it shows its certificate and, with a CA, lets
// in only clients that show one of that CA.
func (s Settings) Server(log *slog.Logger) (credentials.TransportCredentials, error) {
	if err := s.CheckServer(); err != nil {
		return nil, err
	}
	return s.open(log, func(own []tls.Certificate, others *x509.CertPool) *tls.Config {
		config := &tls.Config{Certificates: own, ClientCAs: others}
		if others != nil {
			config.ClientAuth = tls.RequireAndVerifyClientCert
		}
		return config
	})
}

// Client is for the side that connects: the server must show a certificate for its
// name, of the CA or, without one, of those that the system trusts. The client
// shows its own where it has one.
func (s Settings) Client(log *slog.Logger) (credentials.TransportCredentials, error) {
	return s.open(log, func(own []tls.Certificate, others *x509.CertPool) *tls.Config {
		return &tls.Config{Certificates: own, RootCAs: others}
	})
}

func (s Settings) open(log *slog.Logger, config func([]tls.Certificate, *x509.CertPool) *tls.Config) (credentials.TransportCredentials, error) {
	if s == (Settings{}) {
		return insecure.NewCredentials(), nil
	}
	f := &files{Files: s.files(), config: config, log: log}
	var err error
	if f.last, err = f.read(); err != nil {
		return nil, err
	}
	return reread{f}, nil
}

// files are read for every connection anew: that is rare, and cheap beside the
// handshake.
type files struct {
	certs.Files
	config func([]tls.Certificate, *x509.CertPool) *tls.Config
	log    *slog.Logger

	mu   sync.Mutex
	last credentials.TransportCredentials // of when they could be read
}

// current is what the files say now, or said last when they cannot be used: a
// certificate and its key are not replaced at once.
func (f *files) current() credentials.TransportCredentials {
	f.mu.Lock()
	defer f.mu.Unlock()
	now, err := f.read()
	if err != nil {
		f.log.Error("TLS stays as it was", "error", err)
		return f.last
	}
	f.last = now
	return now
}

func (f *files) read() (credentials.TransportCredentials, error) {
	own, err := f.Certificates()
	if err != nil {
		return nil, err
	}
	others, err := f.Pool()
	if err != nil {
		return nil, err
	}
	return credentials.NewTLS(f.config(own, others)), nil
}

// reread is credentials that are the files' own for each handshake.
type reread struct{ files *files }

func (r reread) ClientHandshake(ctx context.Context, authority string, connection net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return r.files.current().ClientHandshake(ctx, authority, connection)
}

func (r reread) ServerHandshake(connection net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return r.files.current().ServerHandshake(connection)
}

func (r reread) Info() credentials.ProtocolInfo {
	r.files.mu.Lock()
	defer r.files.mu.Unlock()
	return r.files.last.Info()
}

func (r reread) Clone() credentials.TransportCredentials { return r }

// OverrideServerName is gRPC's old way to say what grpc.WithAuthority says.
func (r reread) OverrideServerName(string) error {
	return errors.New("not supported: use grpc.WithAuthority")
}
