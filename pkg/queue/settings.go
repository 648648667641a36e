package queue

import (
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/pkg/certs"
)

// Settings of a Queue, to be embedded in a program's own, which has them filled in
// and checked.
type Settings struct {
	Addresses     []string      `envconfig:"NSQD_ADDRESS" default:"127.0.0.1:4150" form:"address" desc:"nsqds, TCP host:port, comma-separated: messages are published to the first that takes them, and read from all"`
	HTTPAddresses []string      `envconfig:"NSQD_HTTP_ADDRESS" default:"127.0.0.1:4151" form:"address" desc:"the same nsqds in the same order, HTTP host:port; with NSQD_TLS=on HTTPS"`
	Timeout       time.Duration `envconfig:"NSQD_TIMEOUT" default:"2s" min:"1ms" max:"1h" desc:"time each nsqd has to answer"`
	// The least holds the hint of the longest path, however it is escaped.
	MaxMessage int `envconfig:"NSQD_MAX_MSG_SIZE" default:"1048576" min:"16384" max:"1073741824" desc:"bytes of one message, as nsqd's -max-msg-size"`
	MaxBatch   int `envconfig:"NSQD_MAX_BODY_SIZE" default:"5242880" min:"16384" max:"1073741824" desc:"bytes of messages published together, as nsqd's -max-body-size"`
	Link
}

// Link is how an nsqd is talked to.
type Link struct {
	TLS         string `envconfig:"NSQD_TLS" default:"off" oneof:"off tcp on" desc:"on: nsqd is asked for TLS, and left if it offers none; tcp: over TCP alone, as for an nsqd with -tls-required=tcp-https"`
	CAFile      string `envconfig:"NSQD_CA_FILE" desc:"PEM file of the CAs that nsqd's certificate must come from; not set: those that the system trusts"`
	CertFile    string `envconfig:"NSQD_CERT_FILE" desc:"PEM file of the certificate that nsqd is shown, for one with -tls-client-auth-policy"`
	KeyFile     string `envconfig:"NSQD_KEY_FILE" desc:"PEM file of its key"`
	Secret      string `envconfig:"NSQD_AUTH_SECRET" form:"any" secret:"true" desc:"what AUTH tells an nsqd with -auth-http-address; readable on the wire without NSQD_TLS"`
	Compression string `envconfig:"NSQD_COMPRESSION" default:"none" oneof:"none deflate snappy" desc:"of what goes over TCP, where nsqd offers it"`
}

// Check refuses what no tag can tell: lists of different lengths.
func (s Settings) Check() error {
	switch {
	case len(s.Addresses) == 0:
		return errors.New(`NSQD_ADDRESS="": name an nsqd, host:port`)
	case len(s.Addresses) != len(s.HTTPAddresses):
		return fmt.Errorf("NSQD_ADDRESS=%v names %d nsqds and NSQD_HTTP_ADDRESS=%v %d: name each nsqd in both, in the same order",
			s.Addresses, len(s.Addresses), s.HTTPAddresses, len(s.HTTPAddresses))
	}
	return nil
}

// Check refuses files that cannot be used, or would not be.
func (l Link) Check() error {
	if l.TLS == "off" && (l.CAFile != "" || l.CertFile != "" || l.KeyFile != "") {
		return errors.New("NSQD_CA_FILE, NSQD_CERT_FILE or NSQD_KEY_FILE is set with NSQD_TLS=off: set NSQD_TLS=on")
	}
	return l.files().Check()
}

func (l Link) files() certs.Files {
	return certs.Files{Cert: l.CertFile, Key: l.KeyFile, CA: l.CAFile, Prefix: "NSQD_"}
}

// At are the settings for the one nsqd at a TCP address. Of one that is none of
// Addresses the HTTP address is not known: Backlog would ask another.
func (s Settings) At(address string) Settings {
	i := max(0, slices.Index(s.Addresses, address))
	s.Addresses, s.HTTPAddresses = []string{address}, s.HTTPAddresses[i:i+1]
	return s
}

// Configure tells a consumer or a producer of go-nsq how to talk to nsqd.
func (l Link) Configure(config *nsq.Config) (err error) {
	config.TlsV1 = l.TLS != "off"
	if config.TlsConfig, err = l.tls(); err != nil {
		return err
	}
	config.Deflate, config.Snappy = l.Compression == "deflate", l.Compression == "snappy"
	config.AuthSecret = l.Secret
	config.LookupdAuthorization = false // nsqlookupd asks for none, and would get it in the clear
	return nil
}

// tls is how to speak TLS to nsqd over TCP, nil without it.
func (l Link) tls() (*tls.Config, error) {
	if l.TLS == "off" {
		return nil, nil
	}
	return l.files().Client()
}
