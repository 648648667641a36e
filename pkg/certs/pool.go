package certs

import (
	"crypto/x509"
	"fmt"
	"os"
)

// Pool reads the certificates of a PEM file of CAs.
func Pool(file string) (*x509.CertPool, error) {
	content, err := os.ReadFile(file) //nolint:gosec // the operator names it, in a setting
	if err != nil {
		return nil, fmt.Errorf("read the CAs: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("%s holds no certificate in PEM: it must begin with -----BEGIN CERTIFICATE-----", file)
	}
	return pool, nil
}
