package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/sync/semaphore"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/prewarm"
	"lineup.dev/lineup/pkg/queue"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
	"lineup.dev/lineup/pkg/telemetry"
)

// receiver is the function's handlers.
type receiver struct {
	limits     Limits
	auth       *auth.Authenticator
	store      *store.Store
	publisher  publisher
	together   *together
	photoHints photoHints
	follower   *follower
	eraser     *eraser
	sweeper    *sweeper
	walker     *walker
	leftovers  leftovers
	roots      *photo.Roots
	comparer   *comparer
	gallery    *photo.Roots
	uploads    uploadMemory
	prewarmer  *prewarm.Prewarmer
	waiters    *semaphore.Weighted // of MAX_WAITERS
	draining   <-chan struct{}     // closed when the program is to end
	log        *slog.Logger
}

// opened is what the handlers use and do not close.
type opened struct {
	auth    *auth.Authenticator
	store   *store.Store
	queue   *queue.Queue
	roots   *photo.Roots
	gallery *photo.Roots
}

// newReceiver connects the parts. The follower and the eraser are yet to be run.
func newReceiver(s settings, o opened, draining <-chan struct{}, log *slog.Logger) *receiver {
	o.roots.Reserve(o.gallery)
	comparer := newComparer(o.roots, o.store, log)
	pictures := publisher{queue: o.queue, topic: s.Topic, store: o.store}
	photos := photoHints{queue: o.queue, topic: s.Topics.Photos, store: o.store, log: log}
	walks := &walker{s.FolderSettings, o.roots, o.store, comparer, pictures, o.queue, s.Subscription, s.Fill, log}
	rematches := &rematches{o.queue, s.Topics.Rematches, o.store, log}
	tidied := leftovers{o.store, o.roots, log}
	eraser := newEraser(s.ErasingSettings, o, log)
	sweeper := &sweeper{
		SweepSettings: s.SweepSettings, subscription: s.Subscription, queue: o.queue, rows: o.store, publisher: pictures, planner: rematches,
		others:   map[string]dueHints{s.Topics.Photos: allHints{photos, changeHints{o.queue, s.Topics.Photos, o.store}}, s.Topics.Rematches: rematches},
		comparer: comparer, folders: walks, erased: eraser, leftovers: tidied, counts: o.store, strangers: &strangerKeeper{s.StrangerSettings, o.store, log}, parts: newPartTeller(s, o, log), log: log,
		gallery: &adopter{s.AdoptSettings, o.gallery, o.store, log}, models: &modelChanger{s.ModelSettings, o.store, log},
	}
	return &receiver{
		limits:     s.Limits,
		auth:       o.auth,
		store:      o.store,
		publisher:  pictures,
		together:   newTogether(s.GroupSettings, s.MaxTime, s.StatementTimeout, o.store, pictures, log),
		photoHints: photos,
		follower:   newFollower(s.Follow, sweeper, o.store, publisher{queue: o.queue, topic: s.Topics.Photos, store: o.store}, log),
		eraser:     eraser,
		sweeper:    sweeper,
		walker:     walks,
		leftovers:  tidied,
		roots:      o.roots,
		comparer:   comparer,
		gallery:    o.gallery,
		uploads:    newUploadMemory(s.UploadMemory),
		prewarmer:  prewarm.New(s.Prewarming, log),
		waiters:    semaphore.NewWeighted(s.MaxWaiters),
		draining:   draining,
		log:        log,
	}
}

func (r *receiver) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /image/post", r.handle(r.postPaths))
	mux.Handle("POST /images/post", r.handle(r.postPaths))
	mux.Handle("POST /images", r.handle(r.postPictures))
	mux.Handle("POST /people", r.handle(r.postPeople))
	r.addAPI(mux)
	mux.Handle("POST /{$}", r.handle(r.postEvents))
	mux.Handle("POST /dead", r.handle(r.postUndelivered))
	mux.HandleFunc("HEAD /{$}", func(http.ResponseWriter, *http.Request) {}) // object stores ask whether somebody is there
	mux.HandleFunc("OPTIONS /{$}", func(w http.ResponseWriter, request *http.Request) {
		event.Handshake(w, request)
		w.Header().Set("Allow", "HEAD, OPTIONS, POST")
	})
	return r.auth.Guard(telemetry.WithMetrics(serve.Decoded(serve.Routed(mux, writeProblem), writeProblem)), auth.Exceptions{Public: needsNoKey}, writeProblem)
}

// addAPI adds the addresses under apiPrefix that write; view has those that read.
func (r *receiver) addAPI(mux *http.ServeMux) {
	for pattern, f := range r.writes() {
		method, path, _ := strings.Cut(pattern, " ")
		if pattern != erasing { // which reads its parameters itself
			f = withoutParameters(f)
		}
		mux.Handle(method+" "+apiPrefix+path, r.handle(f))
	}
}

const erasing = "DELETE /people/{id}"

// writes are what answers each of lineup.APIWrites.
func (r *receiver) writes() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{
		"POST /images":                       r.postImages,
		"POST /images/look":                  r.lookAtMany,
		"DELETE /images/{id}":                r.deleteImage,
		"POST /images/{id}/look":             r.lookAtOne,
		"POST /images/{id}/faces":            r.postFace,
		"PATCH /faces/{id}":                  r.patchFace,
		"POST /people":                       r.postPeople,
		"PATCH /people/{id}":                 r.patchPerson,
		erasing:                              r.erasePerson,
		"POST /people/{id}/photos":           r.postPersonPhotos,
		"DELETE /people/{id}/photos/{photo}": r.deletePhoto,
		"POST /people/{id}/merge":            r.mergePeople,
		"POST /people/{id}/different":        r.differentPeople,
		"POST /changes/{id}/undo":            r.undoChange,
	}
}

// withoutParameters refuses what the address says beside the path: what is meant for the
// body would be passed over there.
func withoutParameters(f func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, request *http.Request) error {
		if request.URL.RawQuery == "" {
			return f(w, request)
		}
		name, _, _ := strings.Cut(request.URL.RawQuery, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		return &serve.Problem{Status: http.StatusBadRequest, Detail: fmt.Sprintf("the parameter %q is not known: this address takes none; what is meant goes into the body", name)}
	}
}

// needsNoKey tells of the requests that anybody may make: a ping, and the question whether
// events may be sent, of which the sender's key is asked with the first of them.
func needsNoKey(request *http.Request) bool {
	return isPing(request) || request.Method == http.MethodOptions
}

// handle makes a handler of a function that returns its error.
func (r *receiver) handle(f func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		err := f(w, request)
		if e, ok := errors.AsType[*explanation](err); ok {
			e.write(w)
		} else if err != nil {
			writeProblem(w, request, *r.problem(request, err))
		}
	})
}
