package event

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// SinkTLS is by whom a sink with TLS is known, and how it knows who sends, for a program to
// embed in its own settings. Knative's SinkBinding sets and mounts what it says by default:
// https://knative.dev/docs/eventing/features/transport-encryption/ and
// https://knative.dev/docs/eventing/features/sender-identity/
type SinkTLS struct {
	CACerts      string `envconfig:"K_CA_CERTS" desc:"PEM of CAs that a sink's certificate may come from, beside those that the system trusts"`
	TrustBundles string `envconfig:"SINK_TRUST_BUNDLES" default:"/knative-custom-certs" form:"any" desc:"folder of PEM files of more such CAs; not there: none"`
	TokenFile    string `envconfig:"SINK_TOKEN_FILE" default:"/oidc/token" form:"any" desc:"file of the token that tells a sink who sends, as Authorization: Bearer; not there: none"`
}

// Check refuses certificates that are none.
func (s SinkTLS) Check() error {
	_, err := s.pool()
	return err
}

// pool is the CAs that are trusted: the system's, and those that the settings name.
func (s SinkTLS) pool() (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("read the system's CAs: %w", err)
	}
	if s.CACerts != "" && !pool.AppendCertsFromPEM([]byte(s.CACerts)) {
		return nil, errors.New("K_CA_CERTS holds no certificate in PEM: it must begin with -----BEGIN CERTIFICATE-----")
	}
	if s.TrustBundles == "" {
		return pool, nil
	}
	files, err := os.ReadDir(s.TrustBundles)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("SINK_TRUST_BUNDLES: %w", err)
	}
	for _, file := range files {
		if strings.HasPrefix(file.Name(), "..") { // how a mounted ConfigMap is exchanged
			continue
		}
		content, err := os.ReadFile(filepath.Join(s.TrustBundles, file.Name()))
		if err != nil {
			return nil, fmt.Errorf("SINK_TRUST_BUNDLES: %w", err)
		}
		if !pool.AppendCertsFromPEM(content) {
			return nil, fmt.Errorf("SINK_TRUST_BUNDLES: %s holds no certificate in PEM", file.Name())
		}
	}
	return pool, nil
}

func (s SinkTLS) config() (*tls.Config, error) {
	pool, err := s.pool()
	return &tls.Config{RootCAs: pool}, err
}

// token is what the file holds now: Knative renews it. It is empty where there is none.
func (s SinkTLS) token() (string, error) {
	if s.TokenFile == "" {
		return "", nil
	}
	content, err := os.ReadFile(s.TokenFile)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("SINK_TOKEN_FILE: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}
