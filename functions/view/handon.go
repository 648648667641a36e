package main

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/dial"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/telemetry"
)

// apiPrefix begins the addresses for programs.
const apiPrefix = lineup.APIPrefix + "/"

// isAPI tells of requests of programs: they are answered in JSON, whatever they accept.
func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, apiPrefix) }

// receiveConnections is how many connections to receive are kept between requests.
const receiveConnections = 32

// handOn gives what writes to receive: a browser sees one origin, and receive need not be
// public. Bodies stream, within receive's limits and times.
type handOn struct {
	options Options
	allowed bool
	address *url.URL // of receive
	proxy   httputil.ReverseProxy
	log     *slog.Logger
}

func newHandOn(o Options, needsKey bool, log *slog.Logger) (*handOn, error) {
	receive, err := url.Parse(o.ReceiveURL)
	if err != nil {
		return nil, err
	}
	transport := dial.Transport(receiveConnections)
	transport.DisableCompression = true // what receive answers goes on as it is
	transport.ResponseHeaderTimeout = o.ReceiveTime
	h := &handOn{options: o, allowed: needsKey || o.Writes == "on", address: receive, log: log}
	h.proxy = httputil.ReverseProxy{
		Transport:     telemetry.Transport(transport),
		FlushInterval: -1,
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(receive)
			withoutBrowser(r.Out.Header)
		},
	}
	return h, nil
}

// withoutBrowser takes out what a browser adds: view has looked at it, and receive would
// compare it with an address of its own. Authorization stays, by which receive knows who
// it is that asks.
func withoutBrowser(h http.Header) {
	h.Del("Origin")
	h.Del("Cookie")
	for name := range h {
		if strings.HasPrefix(name, "Sec-Fetch-") {
			h.Del(name)
		}
	}
}

// ServeHTTP takes requests whose origin and key were looked at.
func (h *handOn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.allowed {
		serve.Problem{Type: serve.ProblemType("writes-off"), Status: http.StatusForbidden,
			Detail: "Here nothing can be changed: without API keys (API_KEYS_FILE) whoever reaches this address could. Set WRITES=on where nobody else does, or post to receive."}.Write(w, false)
		return
	}
	body := &notedBody{ReadCloser: r.Body} // its error is hidden behind one of the transport's
	r.Body = body
	proxy := h.proxy
	proxy.ModifyResponse = func(answer *http.Response) error {
		// Where the connection cannot be given a deadline, the answer goes without one.
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(h.options.SendTimeout))
		for name := range w.Header() { // those of this program count, once
			if name != "Vary" {
				answer.Header.Del(name)
			}
		}
		return nil
	}
	proxy.ErrorHandler = func(w http.ResponseWriter, r *http.Request, err error) { h.away(r, body, err).Write(w, false) }
	proxy.ServeHTTP(w, r)
}

// ask sends receive a request of its own in the name of who sent r. The answer's body is to
// be closed.
func (h *handOn) ask(r *http.Request, method, path, contentType string, body io.Reader) (*http.Response, error) {
	noted := &notedBody{ReadCloser: io.NopCloser(body)}
	if body == nil {
		noted.ReadCloser = http.NoBody
	}
	//nolint:gosec // the path is one of formsof.go's, with a number in it
	request, err := http.NewRequestWithContext(r.Context(), method, h.address.JoinPath(path).String(), noted)
	if err != nil {
		return nil, err
	}
	if body == r.Body {
		request.ContentLength = r.ContentLength
	}
	for _, name := range []string{"Authorization", "Traceparent", "Tracestate"} {
		if value := r.Header.Get(name); value != "" {
			request.Header.Set(name, value)
		}
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Content-Type", contentType)
	response, err := h.proxy.Transport.RoundTrip(request)
	if err != nil {
		return nil, h.away(r, noted, err)
	}
	return response, nil
}

// away is what the client is told where receive does not answer.
func (h *handOn) away(r *http.Request, body *notedBody, err error) *serve.Problem {
	if slow := body.problem.Load(); slow != nil {
		return slow
	}
	if r.Context().Err() == nil {
		h.log.Error("receive does not answer", "url", r.URL.Path, "error", err, auth.Caller(r.Context()))
	}
	return &serve.Problem{Type: serve.ProblemType("receive-away"), Status: http.StatusServiceUnavailable, RetryAfter: h.options.Refresh,
		Detail: "The program that writes does not answer now: try again after the seconds of Retry-After. Whether it did what was asked is not known; most requests can be repeated without harm. RECEIVE_URL says where it is looked for."}
}

// notedBody notes the problem that ended it.
type notedBody struct {
	io.ReadCloser
	problem atomic.Pointer[serve.Problem]
}

func (b *notedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if problem, ok := errors.AsType[*serve.Problem](err); ok {
		b.problem.Store(problem)
	}
	return n, err
}
