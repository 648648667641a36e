// Package door stands between a program's handler and whoever asks: it lets in
// those who have an API key, as often as they may come, no form of another site,
// and gives every answer the headers that a browser should heed.
package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"lineup.dev/lineup/pkg/serve"
)

// Settings of authentication, for a program to embed in its own.
type Settings struct {
	KeysFile       string   `envconfig:"API_KEYS_FILE" desc:"file of the API keys that are let in, one a line: a name and the key's sha256 in hex; not set: everybody is"`
	RateLimit      float64  `envconfig:"RATE_LIMIT" default:"100" desc:"requests a second that one API key may make at this instance; 0: as many as it likes"`
	RateBurst      int      `envconfig:"RATE_BURST" default:"200" desc:"requests that one API key may make at once before RATE_LIMIT counts"`
	TrustedOrigins []string `envconfig:"TRUSTED_ORIGINS" desc:"origins of other sites, https://host, whose pages may post here, comma-separated"`
}

// Authenticator is safe for concurrent use.
type Authenticator struct {
	keys    *keyring // nil: there are none
	origins *http.CrossOriginProtection
	log     *slog.Logger
}

// New reads the keys. Without a file of keys everybody is let in.
func New(s Settings, log *slog.Logger) (*Authenticator, error) {
	a := &Authenticator{origins: http.NewCrossOriginProtection(), log: log}
	for _, origin := range s.TrustedOrigins {
		if err := a.origins.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("TRUSTED_ORIGINS: %w; write each as https://host", err)
		}
	}
	if !(s.RateLimit >= 0) || s.RateLimit > 0 && s.RateBurst < 1 { // not below 0, which NaN is not either
		return nil, errors.New("RATE_LIMIT must be 0 or more, and RATE_BURST 1 or more")
	}
	if s.KeysFile == "" {
		return a, nil
	}
	var err error
	a.keys, err = openKeyring(s, log)
	return a, err
}

// Guard lets through to h what may pass; what may not, refuse answers. A request for
// which open is true needs no key; open may be nil.
func (a *Authenticator) Guard(h http.Handler, open func(*http.Request) bool, refuse func(http.ResponseWriter, *http.Request, serve.Problem)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serve.Secure(w.Header())
		if err := a.origins.Check(r); err != nil {
			a.log.Info("refused", "url", r.URL.Path, "origin", r.Header.Get("Origin"), "error", err)
			refuse(w, r, serve.Problem{Status: http.StatusForbidden,
				Detail: "A page of another site may not post here. Post from a page of this one, or without a browser; TRUSTED_ORIGINS names sites that may."})
			return
		}
		if a.keys == nil || open != nil && open(r) {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Cache-Control", "no-store") // unless the handler knows better
		key, problem := a.keys.admit(r)
		if problem == nil {
			h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), caller{}, key.name)))
			return
		}
		a.log.Info("refused", "url", r.URL.Path, "status", problem.Status, "key", key.name)
		if problem.Status == http.StatusUnauthorized {
			// A program reads the first, a browser asks for a password on the second.
			w.Header().Add("WWW-Authenticate", `Bearer realm="lineup"`)
			w.Header().Add("WWW-Authenticate", `Basic realm="lineup", charset="UTF-8"`)
		}
		refuse(w, r, *problem)
	})
}

// presented is the key that the request brings: as a Bearer token, or as the
// password of any user, which is how a browser can send one. Empty for none.
func presented(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	return ""
}

// caller is the context's key for the name of the API key.
type caller struct{}

// Caller is an attribute for the log: the name of the API key that let the request
// in. It is nothing where none did.
func Caller(ctx context.Context) slog.Attr {
	if name, ok := ctx.Value(caller{}).(string); ok {
		return slog.String("key", name)
	}
	return slog.Attr{}
}
