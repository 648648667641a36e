package queue

import (
	"bufio"
	"compress/flate"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"

	"github.com/golang/snappy"
	"github.com/nsqio/go-nsq"

	"lineup.dev/lineup/pkg/dial"
)

// link is a Link whose files were read.
type link struct {
	tls             *tls.Config // nil: plain
	secret          string
	deflate, snappy bool
}

func (l Link) open() (link, error) {
	config, err := l.tls()
	return link{config, l.Secret, l.Compression == "deflate", l.Compression == "snappy"}, err
}

// Reach connects to the nsqd at address as Publish does, and lets go of it again. The
// error names the setting that a refusal is about, which go-nsq's own does not.
func (s Settings) Reach(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, s.Timeout, errTimeout)
	defer cancel()
	with, err := s.open()
	if err != nil {
		return err
	}
	c, err := connect(ctx, address, with)
	if err != nil {
		return err
	}
	return c.end()
}

// connect makes a connection that can be published on.
func connect(ctx context.Context, address string, with link) (*connection, error) {
	conn, err := dial.Dialer().DialContext(ctx, "tcp", address)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("connect: %w", err)
	}
	c := &connection{Conn: conn, layers: plain(conn)}
	if err := c.within(ctx, func() error { return c.negotiate(ctx, address, with) }); err != nil {
		c.Conn.Close()
		return nil, fmt.Errorf("identify: %w", err)
	}
	return c, nil
}

// negotiate tells nsqd who talks, and turns on what both can.
// https://nsq.io/clients/tcp_protocol_spec.html#identify
func (c *connection) negotiate(ctx context.Context, address string, with link) error {
	identify, err := nsq.Identify(map[string]any{
		"user_agent": "lineup", "heartbeat_interval": -1, "feature_negotiation": true,
		"tls_v1": with.tls != nil, "deflate": with.deflate, "snappy": with.snappy,
	})
	if err != nil {
		return err
	}
	c.out.Write(nsq.MagicV2) //nolint:errcheck // a failure is told by the next write
	answer, err := c.roundTrip(identify)
	if err != nil {
		return err
	}
	var offered nsq.IdentifyResponse
	if err := json.Unmarshal([]byte(answer), &offered); err != nil && answer != "OK" { // from one that offers nothing
		return fmt.Errorf("read what nsqd offers: %w", err)
	}
	if with.tls != nil {
		if err := c.encrypt(ctx, address, with.tls, offered.TLSv1); err != nil {
			return err
		}
	}
	if err := c.compress(offered); err != nil {
		return err
	}
	if offered.AuthRequired {
		return c.authenticate(with.secret)
	}
	return nil
}

// encrypt puts TLS above the connection. What nsqd answers is not protected until then,
// so one that offers no TLS may be somebody between here and nsqd.
func (c *connection) encrypt(ctx context.Context, address string, config *tls.Config, offered bool) error {
	if !offered {
		return errNoTLS
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	config = config.Clone()
	config.ServerName = host
	conn := tls.Client(c.Conn, config)
	if err = conn.HandshakeContext(ctx); err == nil {
		c.layers = plain(conn)
		err = c.acknowledged() // that nsqd does not take this side's certificate is told only now
	}
	if err != nil {
		return fmt.Errorf("TLS: %w: see NSQD_CA_FILE, NSQD_CERT_FILE and NSQD_KEY_FILE", err)
	}
	return nil
}

var errNoTLS = errors.New("it offers no TLS, which NSQD_TLS asks for: start nsqd with -tls-cert and -tls-key, or set NSQD_TLS=off")

// compress puts the compression that nsqd chose above the connection.
func (c *connection) compress(offered nsq.IdentifyResponse) error {
	var pack flusher
	switch {
	case offered.Deflate:
		pack, _ = flate.NewWriter(c.buffer, flate.DefaultCompression) // it refuses levels that are none
		c.in = bufio.NewReader(flate.NewReader(c.in))
	case offered.Snappy:
		pack = snappy.NewBufferedWriter(c.buffer)
		c.in = bufio.NewReader(snappy.NewReader(c.in))
	default:
		return nil
	}
	c.out, c.pack = pack, pack
	return c.acknowledged()
}

// acknowledged reads nsqd's word that it has put a layer above the connection too.
func (c *connection) acknowledged() error {
	kind, text, err := c.read()
	switch {
	case err != nil:
		return brokenError{err}
	case kind != nsq.FrameTypeResponse:
		return Refusal(text)
	}
	return nil
}

func (c *connection) authenticate(secret string) error {
	if secret == "" {
		return errors.New("it asks for a secret: set NSQD_AUTH_SECRET")
	}
	auth, err := nsq.Auth(secret)
	if err != nil {
		return err
	}
	_, err = c.roundTrip(auth)
	return err
}
