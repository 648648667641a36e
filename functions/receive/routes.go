package main

import (
	"log/slog"
	"net/http"

	"golang.org/x/sync/semaphore"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/prewarm"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// receiver is the function's handlers.
type receiver struct {
	limits    Limits
	auth      *auth.Authenticator
	store     *store.Store
	publisher publisher
	sweeper   *sweeper
	walker    *walker
	roots     *photo.Roots
	comparer  *comparer
	gallery   *photo.Roots
	uploads   uploadMemory
	prewarmer *prewarm.Prewarmer
	waiters   *semaphore.Weighted // of MAX_WAITERS
	draining  <-chan struct{}     // closed when the program is to end
	log       *slog.Logger
}

func (r *receiver) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /image/post", r.handle(r.postPaths))
	mux.Handle("POST /images/post", r.handle(r.postPaths))
	mux.Handle("POST /images", r.handle(r.postPictures))
	mux.Handle("POST /people", r.handle(r.postPeople))
	mux.Handle("POST /{$}", r.handle(r.postEvents))
	mux.Handle("POST /dead", r.handle(r.postUndelivered))
	mux.HandleFunc("HEAD /{$}", func(http.ResponseWriter, *http.Request) {}) // object stores ask whether somebody is there
	mux.HandleFunc("OPTIONS /{$}", func(w http.ResponseWriter, request *http.Request) {
		event.Handshake(w, request)
		w.Header().Set("Allow", "HEAD, OPTIONS, POST")
	})
	return r.auth.Guard(serve.Decoded(serve.Routed(mux, writeProblem), writeProblem), needsNoKey, writeProblem)
}

// needsNoKey tells of the requests that anybody may make: a ping, and the question whether
// events may be sent, of which the sender's key is asked with the first of them.
func needsNoKey(request *http.Request) bool {
	return isPing(request) || request.Method == http.MethodOptions
}

// handle makes a handler of a function that returns its error.
func (r *receiver) handle(f func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if err := f(w, request); err != nil {
			writeProblem(w, request, *r.problem(request, err))
		}
	})
}
