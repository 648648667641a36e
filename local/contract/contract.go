// Package contract compares what is said over HTTP, and what events say, with the documents
// that describe it: docs/openapi.yaml and docs/asyncapi.yaml. It knows nothing else.
package contract

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	validation "github.com/pb33f/libopenapi-validator/errors"

	"lineup.dev/lineup/docs"
)

// API is a document by which requests and answers are judged.
type API struct {
	validator validator.Validator
}

// ReadAPI reads an OpenAPI document, and judges the document itself as well.
func ReadAPI(text []byte) (*API, error) {
	document, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(document)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if valid, faults := v.ValidateDocument(); !valid {
		return nil, fmt.Errorf("the document is no OpenAPI: %s", told(faults))
	}
	return &API{validator: v}, nil
}

var documented = sync.OnceValues(func() (*API, error) { return ReadAPI(docs.OpenAPI) })

// Handler passes requests on, and fails the test where one that is judged, or its answer, is
// not as docs/openapi.yaml says.
func Handler(t testing.TB, h http.Handler, judged func(*http.Request) bool) http.Handler {
	t.Helper()
	api, err := documented()
	if err != nil {
		t.Fatal(err)
	}
	judge := api.Handler(h, func(fault string) { t.Errorf("docs/openapi.yaml says otherwise: %s", fault) })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if judged(r) {
			judge.ServeHTTP(w, r)
		} else {
			h.ServeHTTP(w, r)
		}
	})
}

// Proxy is Handler before a program that runs elsewhere, at a URL. It gives its own.
func Proxy(t testing.TB, program string, judged func(*http.Request) bool) (address string) {
	t.Helper()
	target, err := url.Parse(program)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host },
		FlushInterval: -1,
		// A program that is away must look so to the client, too.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	server := httptest.NewServer(Handler(t, proxy, judged))
	t.Cleanup(server.Close)
	return server.URL
}

// Handler passes requests on, and tells of each that differs from the document and is
// accepted all the same, and of each answer that differs.
func (a *API) Handler(h http.Handler, tell func(fault string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, sent := r.Clone(r.Context()), new(bytes.Buffer)
		if r.Body != nil {
			r.Body = tee{io.TeeReader(r.Body, sent), r.Body}
		}
		answer := &recorder{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(answer, r)
		if r.Body != nil && answer.status < http.StatusBadRequest {
			io.Copy(io.Discard, r.Body) //nolint:errcheck // what the handler did not need
		}
		for _, fault := range a.judge(asked, sent.Bytes(), answer) {
			tell(fmt.Sprintf("%s %s was answered %d: %s", asked.Method, asked.URL, answer.status, fault))
		}
	})
}

// judge compares a request and its answer with the document.
func (a *API) judge(asked *http.Request, sent []byte, answer *recorder) (faults []string) {
	if asked.Method == http.MethodHead || asked.Header.Get("Access-Control-Request-Method") != "" {
		return nil // GET without its body, and a browser's question: HTTP's own
	}
	refused := answer.status >= http.StatusBadRequest
	sent = bytes.TrimPrefix(sent, []byte("\ufeff")) // who reads JSON may pass it over (RFC 8259, section 8.1)
	if len(sent) > 0 && asked.Header.Get("Content-Type") == "" {
		asked.Header.Set("Content-Type", "application/json") // who reads it may guess (RFC 9110, section 8.3)
	}
	asked.Body = io.NopCloser(bytes.NewReader(sent))
	if valid, errs := a.validator.ValidateHttpRequestSync(asked); !valid {
		switch {
		case undocumented(errs) && refused:
			return nil
		case !refused && asked.Header.Get("Content-Encoding") == "": // one that is packed cannot be read here
			faults = append(faults, "the request: "+told(errs))
		}
	}
	asked.Body = io.NopCloser(bytes.NewReader(sent))
	if answer.status < http.StatusMultipleChoices && answer.body.Len() == 0 && answer.Header().Get("Content-Type") == "" {
		return faults // the document says what an answer holds, and cannot say that it holds nothing
	}
	response := &http.Response{StatusCode: answer.status, Header: answer.Header(), Body: io.NopCloser(bytes.NewReader(answer.body.Bytes())), Request: asked}
	if valid, errs := a.validator.ValidateHttpResponse(asked, response); !valid {
		faults = append(faults, "the answer: "+told(errs)+" in "+answer.body.String())
	}
	return faults
}

// undocumented tells of an address, or a method, that the document does not have.
func undocumented(errs []*validation.ValidationError) bool {
	return slices.ContainsFunc(errs, func(e *validation.ValidationError) bool {
		return e.IsPathMissingError() || e.IsOperationMissingError()
	})
}

// told is what errors say, in a line each.
func told(errs []*validation.ValidationError) string {
	var text strings.Builder
	for _, e := range errs {
		fmt.Fprintf(&text, "%s; %s", e.Message, e.Reason)
		for _, s := range e.SchemaValidationErrors {
			fmt.Fprintf(&text, "\n\t%s: %s", s.FieldPath, s.Reason)
		}
	}
	return text.String()
}

// tee is a body that is kept while it is read.
type tee struct {
	io.Reader
	io.Closer
}

// recorder keeps an answer while it is sent.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	if status >= http.StatusOK {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	r.body.Write(p)
	return r.ResponseWriter.Write(p)
}

// Unwrap lets an http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
