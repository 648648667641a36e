package event

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

// SinkSettings is what Knative's SinkBinding sets, for a program to embed in its own.
type SinkSettings struct {
	URL       string `envconfig:"K_SINK" desc:"URL that events are sent to, set by a Knative SinkBinding"`
	Overrides string `envconfig:"K_CE_OVERRIDES" desc:"extensions for every event sent, as JSON: {\"extensions\":{\"name\":\"value\"}}"`
}

// Sink is where events are sent to.
type Sink struct {
	url        string
	extensions map[string]string
	client     *http.Client
}

// Limits of an answer.
const (
	answerBytes = 64 << 10 // read, so that the connection can be used again
	reasonBytes = 500      // kept, to say why
)

// NewSink reads the settings; an empty URL gives nil and no error. At most
// connections are kept open between events.
func NewSink(s SinkSettings, connections int) (*Sink, error) {
	if s.URL == "" {
		return nil, nil
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("K_SINK is no http or https URL")
	}
	var overrides struct {
		Extensions map[string]string `json:"extensions"`
	}
	if s.Overrides != "" {
		if err := json.Unmarshal([]byte(s.Overrides), &overrides); err != nil {
			return nil, fmt.Errorf(`K_CE_OVERRIDES is not of the form {"extensions":{"name":"value"}}: %w`, err)
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = connections
	return &Sink{
		url:        s.URL,
		extensions: overrides.Extensions,
		client: &http.Client{
			Transport: transport,
			// The sink is named by whoever deployed this; an answer may not name another.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Answer is what the sink answered.
type Answer struct {
	Status int
	Reason string // the beginning of the body
	// RetryAfter is how long the sink asked to wait; below zero when it did not ask.
	RetryAfter time.Duration
}

// OK tells whether the sink took the event.
func (a Answer) OK() bool { return a.Status/100 == 2 }

// Send sends the event in binary mode, with the overrides' extensions, and waits
// for the answer until ctx ends. An error means that there was no answer.
func (s *Sink) Send(ctx context.Context, e cloudevents.Event) (Answer, error) {
	e = e.Clone()
	for name, value := range s.extensions {
		e.SetExtension(name, value)
	}
	request, err := cehttp.NewHTTPRequestFromEvent(ctx, s.url, e)
	if err != nil {
		return Answer{}, fmt.Errorf("make a request of the event: %w", err)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return Answer{}, fmt.Errorf("send the event: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, answerBytes))
	if err != nil {
		return Answer{}, fmt.Errorf("read the sink's answer: %w", err)
	}
	return Answer{
		Status:     response.StatusCode,
		Reason:     string(body[:min(len(body), reasonBytes)]),
		RetryAfter: retryAfter(response.Header.Get("Retry-After"), time.Now()),
	}, nil
}

// Close lets go of the connections that are not in use.
func (s *Sink) Close() { s.client.CloseIdleConnections() }

// retryAfter reads the header (RFC 9110, section 10.2.3): seconds or a date.
func retryAfter(header string, now time.Time) time.Duration {
	const none, most = -1, 24 * time.Hour
	if header == "" {
		return none
	}
	if date, err := http.ParseTime(header); err == nil {
		return min(max(0, date.Sub(now)), most)
	}
	seconds := time.Duration(0)
	for _, digit := range []byte(header) {
		if digit < '0' || digit > '9' {
			return none
		}
		if seconds = seconds*10 + time.Duration(digit-'0'); seconds > most/time.Second {
			return most
		}
	}
	return seconds * time.Second
}
