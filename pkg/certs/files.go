// Package certs reads the files of TLS, one way for all of the project's connections.
package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// Files are the PEM files of one side of a TLS connection. Each may be left out, the
// certificate and its key together.
type Files struct {
	Cert, Key string // the certificate that this side shows, and its key
	CA        string // the CAs that the other side's certificate must come from
	// Prefix of the settings that name them, for errors: with TLS_ they are
	// TLS_CERT_FILE, TLS_KEY_FILE and TLS_CA_FILE.
	Prefix string
}

// Check refuses one half of a certificate and its key, and files that cannot be used.
func (f Files) Check() error {
	_, certErr := f.Certificates()
	_, poolErr := f.Pool()
	return errors.Join(certErr, poolErr)
}

// Client is for a side that connects: the server must show a certificate for its name,
// of the CA or, without one, of those that the system trusts. The CA's file is read
// now, the certificate's and its key's for each handshake.
func (f Files) Client() (*tls.Config, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	others, err := f.Pool()
	if err != nil {
		return nil, err
	}
	config := &tls.Config{RootCAs: others}
	if f.Cert != "" {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			own, err := f.Certificates()
			if err != nil {
				return nil, err
			}
			return &own[0], nil
		}
	}
	return config, nil
}

// Certificates are this side's own, none where none is set.
func (f Files) Certificates() ([]tls.Certificate, error) {
	certSetting, keySetting := f.Prefix+"CERT_FILE", f.Prefix+"KEY_FILE"
	switch {
	case (f.Cert == "") != (f.Key == ""):
		return nil, fmt.Errorf("of %s and %s only one is set: set both, or neither", certSetting, keySetting)
	case f.Cert == "":
		return nil, nil
	}
	certificate, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("read the certificate of %s=%s and %s=%s: %w; next: make both PEM files that belong together",
			certSetting, f.Cert, keySetting, f.Key, err)
	}
	return []tls.Certificate{certificate}, nil
}

// Pool holds the CAs of the other side's certificates, nil where none is set.
func (f Files) Pool() (*x509.CertPool, error) {
	if f.CA == "" {
		return nil, nil
	}
	pool, err := Pool(f.CA)
	if err != nil {
		return nil, fmt.Errorf("%sCA_FILE: %w", f.Prefix, err)
	}
	return pool, nil
}
