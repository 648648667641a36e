package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
)

// api answers what reads from the database, and hands on what writes.
func (v *view) api() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /api/v1/images", v.tell(v.apiImages, "status", "person", "path", "q", "since", "until", "before", "limit"))
	mux.Handle("GET /api/v1/images/{id}", v.tell(v.apiImage))
	mux.Handle("GET /api/v1/images/{id}/history", v.tell(v.apiHistory))
	mux.Handle("GET /api/v1/people", v.tell(v.apiPeople, "named", "hidden", "q", "after", "limit"))
	mux.Handle("GET /api/v1/people/{id}", v.tell(v.apiPerson))
	mux.Handle("GET /api/v1/erasures/{id}", v.tell(v.apiErasure))
	mux.Handle("GET /api/v1/people/{id}/similar", v.tell(v.apiSimilar, "least"))
	mux.Handle("GET /api/v1/changes", v.tell(v.apiChanges, "person", "image", "before", "limit"))
	mux.Handle("GET /api/v1/stats", v.tell(v.apiStats))
	for _, write := range lineup.APIWrites {
		mux.Handle(withPrefix(write), v.receive)
	}
	return serve.Routed(mux, v.refuse)
}

// writeRoutes tell of what receive answers.
func writeRoutes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, write := range lineup.APIWrites {
		mux.Handle(withPrefix(write), http.NotFoundHandler())
	}
	return mux
}

// withPrefix is a method and an address of the API as a pattern.
func withPrefix(route string) string {
	method, path, _ := strings.Cut(route, " ")
	return method + " " + lineup.APIPrefix + path
}

// isHandedOn tells of requests that receive answers, and counts.
func (v *view) isHandedOn(r *http.Request) bool {
	if _, write := v.writes.Handler(r); isAPI(r) {
		return v.receive.allowed && write != ""
	}
	return v.receive.allowed && (r.Method == http.MethodPost || r.Method == http.MethodPatch || r.Method == http.MethodDelete)
}

// tell answers with what a handler finds. Parameters are all that its query may have.
func (v *view) tell(find func(*http.Request, query) (any, error), parameters ...string) http.Handler {
	return v.timed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, err := parseQuery(r)
		if err == nil {
			err = q.only(parameters)
		}
		var found any
		if err == nil {
			found, err = find(r, q)
		}
		if err != nil {
			v.refuse(w, r, v.report(r, problemOf(err), err))
			return
		}
		sendTagged(w, r, found)
	}))
}

// timed sets the time limits of a request that is answered here.
func (v *view) timed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Where the connection cannot be given a deadline, the answer goes without one.
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(v.options.SendTimeout))
		ctx, cancel := context.WithTimeout(r.Context(), v.options.RequestTimeout)
		defer cancel()
		h.ServeHTTP(w, r.WithContext(ctx))
	})
}

// sendTagged sends JSON with an ETag, or 304 to whoever has it already.
func sendTagged(w http.ResponseWriter, r *http.Request, content any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	encoder.Encode(content) //nolint:errcheck // it is made of what JSON has
	w.Header().Set("Content-Type", "application/json")
	sendWithTag(w, r, body.Bytes())
}

// sendWithTag sends the content with an ETag, or 304 to whoever has it already.
func sendWithTag(w http.ResponseWriter, r *http.Request, content []byte) {
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(content)))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}
