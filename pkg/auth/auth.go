// Package auth authenticates the requests to a program by API key, limits their rate,
// refuses cross-origin writes, and sets the security headers of every answer.
package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

	"lineup.dev/lineup/pkg/serve"
)

// Settings of authentication, for a program to embed in its own.
type Settings struct {
	KeysFile       string   `envconfig:"API_KEYS_FILE" desc:"file of the accepted API keys, one a line: a name, the key's SHA-256 in hex, and the word read where it may only read; not set: no key is needed"`
	RateLimit      float64  `envconfig:"RATE_LIMIT" default:"100" min:"0" max:"1000000" desc:"requests a second allowed to one API key at this instance; 0: no limit"`
	RateBurst      int      `envconfig:"RATE_BURST" default:"200" min:"0" max:"1000000" desc:"requests that one API key may make at once before RATE_LIMIT applies; 0: none is possible, so only with RATE_LIMIT=0"`
	TrustedOrigins []string `envconfig:"TRUSTED_ORIGINS" desc:"origins of other sites, https://host, whose pages may post here, comma-separated"`
	Hosts          []string `envconfig:"HOSTS" desc:"names by which this program is called, comma-separated, *.example.com for all below one, * for any; without keys no other is answered, this machine's, addresses, names without a dot and Kubernetes' aside"`
}

// Check also reads the file of keys: a program without its keys must not start.
func (s Settings) Check() error {
	var errs []error
	if s.RateLimit > 0 && s.RateBurst < 1 {
		errs = append(errs, fmt.Errorf("RATE_BURST is %d, which refuses every request: set it to 1 or more, or RATE_LIMIT (%g) to 0 for no limit", s.RateBurst, s.RateLimit))
	}
	if s.KeysFile != "" {
		if _, err := openKeyring(s, slog.Default()); err != nil {
			errs = append(errs, err)
		}
	}
	_, originErrs := crossOriginProtection(s.TrustedOrigins)
	return errors.Join(slices.Concat(errs, originErrs, hosts(s.Hosts).check())...)
}

// crossOriginProtection lets pages of these origins post, and names each origin that
// is none.
func crossOriginProtection(trusted []string) (protection *http.CrossOriginProtection, errs []error) {
	protection = http.NewCrossOriginProtection()
	for _, origin := range trusted {
		if err := protection.AddTrustedOrigin(origin); err != nil {
			errs = append(errs, fmt.Errorf("TRUSTED_ORIGINS: %w; write each as https://host", err))
		}
	}
	return protection, errs
}

// Authenticator is safe for concurrent use.
type Authenticator struct {
	keys    *keyring // nil: no key is needed
	origins *http.CrossOriginProtection
	trusted []string // of other origins
	hosts   hosts
	log     *slog.Logger
}

// New reads the keys. Without a file of keys every request is accepted.
func New(s Settings, log *slog.Logger) (*Authenticator, error) {
	origins, errs := crossOriginProtection(s.TrustedOrigins)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	a := &Authenticator{origins: origins, trusted: s.TrustedOrigins, hosts: s.Hosts, log: log}
	if s.KeysFile == "" {
		return a, nil
	}
	var err error
	a.keys, err = openKeyring(s, log)
	return a, err
}

// NeedsKey tells whether a key is asked for.
func (a *Authenticator) NeedsKey() bool { return a.keys != nil }

// Exceptions are requests that are treated otherwise. Either may be nil, for none.
type Exceptions struct {
	Public    func(*http.Request) bool // needs no key
	Uncounted func(*http.Request) bool // is handed on to a program that counts it, or costs less than to count it
}

func isAny(is func(*http.Request) bool, r *http.Request) bool { return is != nil && is(r) }

// Guard passes the accepted requests on to h and has refuse answer the others.
func (a *Authenticator) Guard(h http.Handler, except Exceptions, refuse func(http.ResponseWriter, *http.Request, serve.Problem)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serve.Secure(w.Header())
		if a.keys == nil && !a.hosts.know(r.Host) {
			a.log.Info("request to an unknown host refused", "url", r.URL.Path, "host", r.Host)
			refuse(w, r, serve.Problem{Status: http.StatusMisdirectedRequest,
				Detail: "This program does not know the name by which it was called. HOSTS names those that it answers to; where API keys are needed, it answers to any."})
			return
		}
		if err := a.origins.Check(r); err != nil {
			a.log.Info("cross-origin request refused", "url", r.URL.Path, "origin", r.Header.Get("Origin"), "error", err)
			refuse(w, r, serve.Problem{Status: http.StatusForbidden,
				Detail: "A page of another site may not post here. Post from a page of this one, or without a browser; TRUSTED_ORIGINS names sites that may."})
			return
		}
		if a.share(w, r) {
			return
		}
		if a.keys == nil || isAny(except.Public, r) {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store") // unless the handler knows better
		key, problem := a.keys.authenticate(r, !isAny(except.Uncounted, r))
		if problem == nil {
			h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), caller{}, key.name)))
			return
		}
		a.log.Info("request refused", "url", r.URL.Path, "status", problem.Status, "key", key.name)
		if problem.Status == http.StatusUnauthorized {
			// A program reads the first, a browser asks for a password on the second.
			w.Header().Add("WWW-Authenticate", `Bearer realm="lineup"`)
			w.Header().Add("WWW-Authenticate", `Basic realm="lineup", charset="UTF-8"`)
		}
		refuse(w, r, *problem)
	})
}

// share lets the pages of trusted origins read the answers, and tells whether the request was
// their browser's question whether they may ask, which it answers (CORS,
// https://fetch.spec.whatwg.org/#http-cors-protocol).
func (a *Authenticator) share(w http.ResponseWriter, r *http.Request) (answered bool) {
	if len(a.trusted) == 0 {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if !slices.Contains(a.trusted, origin) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "ETag, Lineup-Change, Location, Preference-Applied, Retry-After")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Disposition, Content-Type, If-None-Match, Prefer, traceparent, tracestate")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// caller is the context's key for the name of the API key.
type caller struct{}

// CallerName is the name of the request's API key, empty where no key was needed.
func CallerName(ctx context.Context) string {
	name, _ := ctx.Value(caller{}).(string)
	return name
}

// Caller is an attribute for the log: the name of the request's API key. It is the
// zero attribute where no key was needed.
func Caller(ctx context.Context) slog.Attr {
	if name := CallerName(ctx); name != "" {
		return slog.String("key", name)
	}
	return slog.Attr{}
}
