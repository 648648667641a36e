package serve

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// Web is what every program with an HTTP server can be told. A program embeds it
// in its own settings and fills in the port it listens on by default.
type Web struct {
	Listen
	HeaderTimeout time.Duration `envconfig:"HEADER_TIMEOUT" default:"10s" min:"1ms" max:"1h" desc:"time a request's header may take to come"`
	MaxHeader     int           `envconfig:"MAX_HEADER" default:"32768" min:"1024" max:"16777216" desc:"largest request header, in bytes; up to 4096 more pass"`
	BodyTimeout   time.Duration `envconfig:"BODY_TIMEOUT" default:"20s" min:"1ms" max:"24h" desc:"time a request's body may take to come, beside what BODY_RATE allows"`
	BodyRate      int           `envconfig:"BODY_RATE" default:"16384" min:"1" max:"1073741824" desc:"bytes of a body that give it one more second"`
	// Longer than the pause of Knative's queue-proxy between two uses of a connection.
	IdleTimeout time.Duration `envconfig:"IDLE_TIMEOUT" default:"2m" min:"1ms" max:"24h" desc:"time a connection may stay open without a request"`
}

// paced gives every body a deadline that moves on as the body comes, so that a
// slow upload ends well and one that is only kept open does not go on for ever.
// Reading a body that came too slowly gives a *Problem.
func (w Web) paced(h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Body != nil && r.Body != http.NoBody {
			b := &pacedBody{ReadCloser: r.Body, connection: http.NewResponseController(rw), deadline: time.Now().Add(w.BodyTimeout), rate: w.BodyRate}
			// Also for a body that the handler leaves alone: the server reads on to the next request.
			b.connection.SetReadDeadline(b.deadline)
			r.Body = b
		}
		h.ServeHTTP(rw, r)
	})
}

type pacedBody struct {
	io.ReadCloser
	connection *http.ResponseController
	deadline   time.Time
	rate       int // bytes a second
}

func (b *pacedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == nil:
		b.deadline = b.deadline.Add(time.Duration(n) * time.Second / time.Duration(b.rate))
		b.connection.SetReadDeadline(b.deadline)
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = &Problem{Status: http.StatusRequestTimeout,
			Detail: fmt.Sprintf("the body came too slowly, at less than %d bytes a second: send it again over a quicker connection, or less at once", b.rate)}
	default: // the connection is watched from here on, and without a deadline
		b.connection.SetReadDeadline(time.Time{})
	}
	return n, err
}

// Secure sets the headers of an answer that a browser may only show: it may run
// nothing, load nothing, stand in no other page and be read by no other site.
func Secure(h http.Header) {
	for name, value := range secure {
		h[name] = value
	}
}

// secure has each name in its canonical form. Nobody writes to the values: whoever adds one makes a copy.
var secure = map[string][]string{
	"Content-Security-Policy":      {"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	"X-Content-Type-Options":       {"nosniff"},
	"X-Frame-Options":              {"DENY"}, // for browsers that do not know frame-ancestors
	"Referrer-Policy":              {"no-referrer"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cache-Control":                {"private, no-cache"},
}
