package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

const (
	headerBytes = 64 << 10 // of an answer's headers, at most
	detailBytes = 1 << 10  // of an answer's body that are kept for the log and the dead letters
	drainBytes  = 64 << 10 // of an answer's body that are read, so that the connection can be used again
)

// sink is where events go.
type sink struct {
	url     string
	timeout time.Duration
	client  *http.Client
}

func newSink(url string, timeout time.Duration, connections int) *sink {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = connections
	transport.MaxIdleConnsPerHost = connections
	transport.MaxResponseHeaderBytes = headerBytes
	return &sink{url, timeout, &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// post sends the event and waits for the answer.
func (s *sink) post(ctx context.Context, e cloudevents.Event) answer {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	request, err := cehttp.NewHTTPRequestFromEvent(ctx, s.url, e)
	if err != nil {
		return answer{detail: err.Error()}
	}
	// Lets net/http post again when a kept connection turns out to be closed. Nothing
	// is sent: the sink tells events apart by source and id.
	request.Header["Idempotency-Key"] = nil
	response, err := s.client.Do(request)
	if err != nil {
		return answer{detail: err.Error()}
	}
	defer response.Body.Close()
	a := answer{status: response.StatusCode, retryAfter: response.Header.Get("Retry-After")}
	if a.status < 200 || a.status >= 300 {
		detail, _ := io.ReadAll(io.LimitReader(response.Body, detailBytes))
		a.detail = strings.TrimSpace(strings.ToValidUTF8(string(detail), "?"))
	}
	io.Copy(io.Discard, io.LimitReader(response.Body, drainBytes))
	return a
}
