package main

import (
	"context"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// Limits of what one request may bring.
type Limits struct {
	MaxBody    int64         `envconfig:"MAX_BODY" default:"1048576" desc:"largest JSON or event body, in bytes"`
	MaxBatch   int           `envconfig:"MAX_BATCH" default:"1000" desc:"most pictures in one request"`
	MaxPicture int64         `envconfig:"MAX_PICTURE" default:"20971520" desc:"largest picture or photo, in bytes"`
	MaxUpload  int64         `envconfig:"MAX_UPLOAD" default:"67108864" desc:"largest upload of several pictures or photos, in bytes; it is held in memory"`
	MaxTime    time.Duration `envconfig:"MAX_TIME" default:"60s" desc:"longest that a request may take once its body is there"`
}

// receiver is the function's handlers.
type receiver struct {
	Limits
	door    *auth.Authenticator
	store   *store.Store
	hints   hinter
	sweeper *sweeper
	roots   *photo.Roots
	gallery *photo.Roots
	log     *slog.Logger
}

func (r *receiver) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /image/post", r.handle(r.postPaths))
	mux.Handle("POST /images/post", r.handle(r.postPaths))
	mux.Handle("POST /images", r.handle(r.postPictures))
	mux.Handle("POST /people", r.handle(r.postPeople))
	mux.Handle("POST /{$}", r.handle(r.post))
	return r.door.Guard(mux, isPing, refuse)
}

func refuse(w http.ResponseWriter, request *http.Request, problem serve.Problem) {
	problem.Write(w, textWanted(request))
}

// isPing tells a PingSource's event by its header alone: nothing else of such a
// request is looked at, so it needs no key.
func isPing(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return r.Method == http.MethodPost && r.URL.Path == "/" && !strings.HasPrefix(kind, "application/cloudevents") &&
		r.Header.Get("Ce-Specversion") != "" && r.Header.Get("Ce-Type") == event.TypePing
}

// handle makes a handler of a function that returns its error.
func (r *receiver) handle(f func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if err := f(w, request); err != nil {
			refuse(w, request, *r.problem(request, err))
		}
	})
}

// limited gives what follows on a body that was read its time. How long the body may
// take to come is the server's to say: a large one over a slow line takes longer.
func (r *receiver) limited(request *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(request.Context(), r.MaxTime)
}

// textWanted tells whether the answer is the seed's text: on its two routes, unless
// the client asks for JSON.
func textWanted(r *http.Request) bool {
	return (r.URL.Path == "/image/post" || r.URL.Path == "/images/post") && !serve.WantsJSON(r)
}

// errSave says that a picture or photo could not be put in its place.
var errSave = errors.New("save")

// retryWait is when a client is asked to come back after a failure of ours.
const retryWait = 5 * time.Second

// problem is what the client is told of an error. What it must not see is logged.
func (r *receiver) problem(request *http.Request, err error) *serve.Problem {
	if problem, ok := errors.AsType[*serve.Problem](err); ok {
		return problem
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLargeProblem("the request", tooLarge.Limit)
	}
	if errors.Is(err, errBody) {
		return &serve.Problem{Status: http.StatusBadRequest, Detail: err.Error()}
	}
	r.log.Error("request failed", "path", request.URL.Path, "error", err, auth.Caller(request.Context()))
	switch {
	case errors.Is(err, store.ErrSchema):
		return unavailable("the database is not migrated to this version yet: run `make migrate`")
	case errors.Is(err, store.ErrFull):
		return noRoom("the database is full, nothing was saved: make room, then send the request again")
	case errors.Is(err, photo.ErrFull):
		return noRoom("the place where pictures are kept is full: make room, then send the request again, nothing is done twice")
	case errors.Is(err, errSave):
		return unavailable("the place where pictures are kept cannot be written to; send the request again, nothing is done twice")
	default:
		return unavailable("the database does not answer, nothing was saved; try again")
	}
}

func unavailable(detail string) *serve.Problem {
	return &serve.Problem{Status: http.StatusServiceUnavailable, Detail: detail, RetryAfter: retryWait}
}

func noRoom(detail string) *serve.Problem {
	return &serve.Problem{Status: http.StatusInsufficientStorage, Detail: detail, RetryAfter: retryWait}
}

// traceOf is the trace context that a request belongs to.
func traceOf(r *http.Request) event.Trace {
	return event.NewTrace(r.Header.Get(event.ExtTraceParent), r.Header.Get(event.ExtTraceState))
}
