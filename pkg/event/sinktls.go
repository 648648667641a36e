package event

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// SinkTLS is by whom a sink with TLS is known, and how it knows who sends, for a program to
// embed in its own settings. Knative's SinkBinding sets and mounts what it says by default:
// https://knative.dev/docs/eventing/features/transport-encryption/ and
// https://knative.dev/docs/eventing/features/sender-identity/
type SinkTLS struct {
	CACerts      string `envconfig:"K_CA_CERTS" desc:"PEM of CAs that a sink's certificate may come from, beside those that the system trusts"`
	TrustBundles string `envconfig:"SINK_TRUST_BUNDLES" default:"/knative-custom-certs" form:"any" desc:"folder of PEM files of more such CAs, one of which must hold any; not there, or all empty: none"`
	TokenFile    string `envconfig:"SINK_TOKEN_FILE" default:"/oidc/token" form:"any" desc:"file of the token that tells a sink who sends, as Authorization: Bearer, also over plain http; not there: none"`
}

// Check refuses certificates that are none. Of bundles, of which some may be another's to
// mend, it refuses those among which none is of use.
func (s SinkTLS) Check() error {
	_, _, err := s.pool()
	return err
}

// config trusts what it can; passedOver says which bundles it could not read.
func (s SinkTLS) config() (config *tls.Config, passedOver, err error) {
	pool, passedOver, err := s.pool()
	return &tls.Config{RootCAs: pool}, passedOver, err
}

// pool is the CAs that are trusted: the system's, and those that the settings name.
func (s SinkTLS) pool() (pool *x509.CertPool, passedOver, err error) {
	pool, err = x509.SystemCertPool()
	if err != nil {
		return nil, nil, fmt.Errorf("read the system's CAs: %w", err)
	}
	if s.CACerts != "" && !pool.AppendCertsFromPEM([]byte(s.CACerts)) {
		return nil, nil, errors.New("K_CA_CERTS holds no certificate in PEM: it must begin with -----BEGIN CERTIFICATE-----")
	}
	if s.TrustBundles == "" {
		return pool, nil, nil
	}
	bundles := os.DirFS(s.TrustBundles)
	files, err := fs.ReadDir(bundles, ".")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		if path, ok := errors.AsType[*fs.PathError](err); ok {
			err = path.Err // its path is the dot that was asked for
		}
		return nil, nil, fmt.Errorf("SINK_TRUST_BUNDLES=%s: %w; next: name a folder of PEM files", s.TrustBundles, err)
	}
	used := 0
	var faults []error
	for _, file := range files {
		if strings.HasPrefix(file.Name(), "..") { // how a mounted ConfigMap is exchanged
			continue
		}
		switch content, err := readBundle(bundles, file.Name()); {
		case err != nil:
			faults = append(faults, fmt.Errorf("SINK_TRUST_BUNDLES: %w", err))
		case pool.AppendCertsFromPEM(content):
			used++
		case len(content) > 0:
			faults = append(faults, fmt.Errorf("SINK_TRUST_BUNDLES: %s holds no certificate in PEM: correct it, or take it away", file.Name()))
		}
	}
	if used == 0 {
		return pool, nil, errors.Join(faults...)
	}
	return pool, errors.Join(faults...), nil
}

// readBundle reads a file without the space around what it says: a bundle may be empty until
// somebody has a CA to distribute. It is empty for a folder, which is none.
func readBundle(bundles fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(bundles, name) // of what a link leads to
	if err != nil || info.IsDir() {
		return nil, err
	}
	content, err := fs.ReadFile(bundles, name)
	return bytes.TrimSpace(content), err
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
