package event

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"lineup.dev/lineup/pkg/dial"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/telemetry"
)

// Limits of a sink's answer.
const (
	headerBytes = 64 << 10 // read at most
	detailBytes = 1 << 10  // of the body that are kept to say why
	drainBytes  = 64 << 10 // of the body that are read, so that the connection can be used again
)

// SinkSettings say where events go, for a program to embed in its own. Knative sets
// them: https://knative.dev/docs/eventing/sources/
type SinkSettings struct {
	Sink string `envconfig:"K_SINK" form:"url" desc:"URL that events are posted to"`
	SinkTLS
	Overrides Overrides `envconfig:"K_CE_OVERRIDES" desc:"extensions to set on every event, {\"extensions\":{\"name\":\"value\"}}"`
}

// WarnOfPlainToken tells the log when the sink's token can be read on its way. It is sent all
// the same: Knative's authentication works without TLS.
func (s SinkSettings) WarnOfPlainToken(log *slog.Logger) {
	if token, err := s.token(); err == nil && token != "" && strings.HasPrefix(strings.ToLower(s.Sink), "http://") {
		log.Warn("the token of SINK_TOKEN_FILE goes to K_SINK without TLS, so that others on the network may read it: use an https sink, or set SINK_TOKEN_FILE to nothing where the sink asks for none")
	}
}

// Sink is where events go: what Knative calls K_SINK.
type Sink struct {
	url         string
	connections int
	trust       SinkTLS
	client      atomic.Pointer[http.Client]
}

// NewSink connects to nothing yet. It keeps up to connections open between events.
func NewSink(to SinkSettings, connections int) (*Sink, error) {
	if !serve.IsHTTP(to.Sink) {
		return nil, errors.New("K_SINK is no http or https URL: correct it")
	}
	s := &Sink{url: to.Sink, connections: connections, trust: to.SinkTLS}
	_, err := s.renew()
	return s, err
}

// renew begins to use the CAs as they are now; passedOver says which cannot be read.
func (s *Sink) renew() (passedOver, err error) {
	config, passedOver, err := s.trust.config()
	if err != nil {
		return nil, err
	}
	transport := dial.Transport(s.connections)
	transport.MaxResponseHeaderBytes = headerBytes
	transport.TLSClientConfig = config
	last := s.client.Swap(&http.Client{
		Transport: telemetry.Transport(transport),
		// Events go where whoever deployed this said, and nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	if last != nil {
		last.CloseIdleConnections()
	}
	return passedOver, nil
}

// Close lets go of the connections that are not in use.
func (s *Sink) Close() { s.client.Load().CloseIdleConnections() }

// Answer is what came of sending an event.
type Answer struct {
	Status     int    // of HTTP; 0 when nobody answered
	RetryAfter string // the header of that name
	Untrusted  bool   // nobody answered because the sink's certificate is of no CA that is trusted, or not for it
	Detail     string // the beginning of what the sink said when it did not accept, or why nobody answered
}

// Accepted tells whether the sink took the event.
func (a Answer) Accepted() bool { return a.Status >= 200 && a.Status < 300 }

// Err is nil of an event that was accepted.
func (a Answer) Err() error {
	if a.Accepted() {
		return nil
	}
	return errors.New(a.String())
}

// String is for people.
func (a Answer) String() string {
	if a.Status == 0 {
		return a.Detail
	}
	text := fmt.Sprintf("%d %s", a.Status, http.StatusText(a.Status))
	if a.Detail != "" {
		text += ": " + a.Detail
	}
	return text
}

// Send sends the event in HTTP's binary mode and waits for the answer until ctx
// ends. The event must be valid, and every attribute fit an HTTP header.
func (s *Sink) Send(ctx context.Context, e cloudevents.Event) Answer {
	request, err := NewRequest(ctx, s.url, e)
	if err != nil {
		return Answer{Detail: err.Error()}
	}
	// Lets net/http send again when a kept connection turns out to be closed. No such
	// header is sent: the sink tells events apart by source and id.
	request.Header["Idempotency-Key"] = nil
	token, err := s.trust.token()
	if err != nil {
		return Answer{Detail: err.Error()}
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := s.client.Load().Do(request)
	if err != nil {
		_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
		return Answer{Untrusted: untrusted, Detail: s.failed(err, untrusted).Error()}
	}
	defer response.Body.Close()
	a := Answer{Status: response.StatusCode, RetryAfter: response.Header.Get("Retry-After")}
	if !a.Accepted() {
		detail, _ := io.ReadAll(io.LimitReader(response.Body, detailBytes))
		a.Detail = strings.TrimSpace(strings.ToValidUTF8(string(detail), "?"))
	}
	io.Copy(io.Discard, io.LimitReader(response.Body, drainBytes)) //nolint:errcheck // for the connection to be kept; the answer is known
	return a
}

// failed makes that the next event has a better chance, where that can be.
func (s *Sink) failed(err error, untrusted bool) error {
	if errors.Is(err, context.DeadlineExceeded) {
		s.client.Load().CloseIdleConnections() // what came to be silent on the way of one may be so for all
	}
	if untrusted {
		passedOver, failed := s.renew() // the CAs may have been exchanged
		return errors.Join(err, passedOver, failed)
	}
	return err
}

// Overrides are extensions that every event sent is to have, as Knative hands them
// to a source in K_CE_OVERRIDES: https://knative.dev/docs/eventing/sources/
type Overrides map[string]string

// Decode reads {"extensions":{"name":"value"}}, for envconfig.
func (o *Overrides) Decode(value string) error {
	if value == "" {
		return nil
	}
	var given struct {
		Extensions map[string]string `json:"extensions"`
	}
	decoder := json.NewDecoder(strings.NewReader(value))
	decoder.DisallowUnknownFields() // Knative knows no other, so that one is a slip
	err := decoder.Decode(&given)
	if err == nil && decoder.More() {
		err = errors.New("there is more behind it")
	}
	if err != nil {
		return fmt.Errorf(`want {"extensions":{"name":"value"}}: %w`, JSONError(err))
	}
	for name, value := range given.Extensions {
		if err := new(cloudevents.EventContextV1).SetExtension(name, value); err != nil {
			return fmt.Errorf("extension %q: %w", name, err)
		}
		if !Printable(value) {
			return fmt.Errorf("extension %q has a control character in its value", name)
		}
	}
	*o = given.Extensions
	return nil
}

// Set gives e the extensions.
func (o Overrides) Set(e *cloudevents.Event) {
	for name, value := range o {
		e.SetExtension(name, value)
	}
}
