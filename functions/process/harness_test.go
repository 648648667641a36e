package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/breaker"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

// faceStub is a face server over real gRPC that answers as a test tells it: the
// faults it has are those that the real one cannot be made to have.
type faceStub struct {
	facerecog.UnimplementedIdentifyServer
	facerecog.UnimplementedHealthCheckServer
	facerecog.UnimplementedGalleryServer
	answer func(ctx context.Context, path string) (*facerecog.IdentifyResponse, error)
	// describe tells of a photo by its name; nil for a server that knows only the original API.
	describe func(ctx context.Context, name string) (*facerecog.Photo, error)
	match    func(ctx context.Context, r *facerecog.MatchRequest) (*facerecog.MatchResponse, error)

	sick    atomic.Bool
	derived atomic.Bool // derived pictures were asked for
	calls   atomic.Int32
	probes  atomic.Int32
	address string
	options []grpc.ServerOption
	server  *grpc.Server
}

func (f *faceStub) Identify(ctx context.Context, r *facerecog.IdentifyRequest) (*facerecog.IdentifyResponse, error) {
	f.calls.Add(1)
	f.derived.Store(r.GetDerived())
	return f.answer(ctx, r.GetImagePath())
}

func (f *faceStub) Describe(ctx context.Context, r *facerecog.DescribeRequest) (*facerecog.Photo, error) {
	f.calls.Add(1)
	f.derived.Store(r.GetDerived())
	return f.describe(ctx, r.GetImageName())
}

func (f *faceStub) Match(ctx context.Context, r *facerecog.MatchRequest) (*facerecog.MatchResponse, error) {
	return f.match(ctx, r)
}

func (f *faceStub) HealthCheck(context.Context, *facerecog.Empty) (*facerecog.HealthCheckResponse, error) {
	f.probes.Add(1)
	return &facerecog.HealthCheckResponse{Ready: !f.sick.Load()}, nil
}

// start listens, at the same address as before if there was one.
func (f *faceStub) start(t *testing.T) {
	t.Helper()
	if f.address == "" {
		f.address = "127.0.0.1:0"
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", f.address)
	testkit.Succeed(t, err)
	f.address = listener.Addr().String()
	server := grpc.NewServer(f.options...)
	f.server = server
	facerecog.RegisterIdentifyServer(server, f)
	facerecog.RegisterHealthCheckServer(server, f)
	if f.describe != nil || f.match != nil {
		facerecog.RegisterGalleryServer(server, f)
	}
	ended := make(chan struct{})
	go func() { server.Serve(listener); close(ended) }()
	t.Cleanup(func() { server.Stop(); <-ended })
}

func names(image string, similarity float32) *facerecog.IdentifyResponse {
	return &facerecog.IdentifyResponse{ImageName: image, Faces: []*facerecog.Face{{ImageName: image, Similarity: &similarity}}}
}

// nobody is the answer that nobody is known.
func nobody(context.Context, string) (*facerecog.IdentifyResponse, error) { return names("", 0), nil }

func fail(code codes.Code, message string, details ...protoadapt.MessageV1) func(context.Context, string) (*facerecog.IdentifyResponse, error) {
	return func(context.Context, string) (*facerecog.IdentifyResponse, error) {
		s := status.New(code, message)
		if len(details) > 0 {
			s, _ = s.WithDetails(details...)
		}
		return nil, s.Err()
	}
}

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// system is the function on a real database.
type system struct {
	*handler
	*pipeline
	store *store.Store // of the test itself
	face  *faceStub
	dsn   string
}

func openStore(dsn string, connections int) (*store.Store, error) {
	s := store.Settings{Connections: connections}
	s.DSN = dsn
	return store.Open(s)
}

func newSystem(t *testing.T, face *faceStub) *system {
	t.Helper()
	s := &system{face: face, dsn: deptest.Migrated(t)}
	// The handler has no more rights than it needs; what a test prepares goes another way.
	db, err := openStore(deptest.Account(t, s.dsn, "process"), 10)
	testkit.Succeed(t, err)
	s.store, err = openStore(s.dsn, 10)
	testkit.Succeed(t, err)
	faces, err := dialFaceServer(face.address, insecure.NewCredentials(), time.Second)
	testkit.Succeed(t, err)
	t.Cleanup(func() { db.Close(); s.store.Close(); faces.close() })
	log := slog.New(slog.DiscardHandler)
	s.pipeline = &pipeline{
		Timeouts:   Timeouts{Lease: time.Minute, FaceTimeout: 2 * time.Second, HealthTimeout: time.Second, WriteTimeout: 10 * time.Second},
		Retry:      Retry{MaxAttempts: 3, First: time.Second, Most: time.Minute},
		store:      db,
		together:   newTogether(GroupSettings{Most: 64}, db),
		counting:   newCounting(t.Context(), db, 10*time.Second, log),
		faces:      faces,
		breaker:    breaker.New(breaker.Settings{Failures: 3, OpenFor: 10 * time.Second}, faces.healthy, log),
		parts:      &partTeller{rows: db, timeout: 10 * time.Second, log: log},
		announcer:  &announcer{store: db},
		quarantine: make(chan struct{}, 1),
		ending:     context.Background(),
	}
	s.handler = &handler{pipeline: s.pipeline, submitted: submittedReader{limit: 1 << 20}, log: log}
	return s
}

func (s *system) submit(t *testing.T, paths ...string) {
	t.Helper()
	_, err := s.store.Submit(t.Context(), store.Paths(paths...))
	testkit.Succeed(t, err)
}

// deliver brings the event of a submitted picture, as the bridge does.
func (s *system) deliver(t *testing.T, id int64) *httptest.ResponseRecorder {
	t.Helper()
	e, err := event.Submitted(id, 1, "ignored.jpg", event.Trace{})
	testkit.Succeed(t, err)
	body, err := json.Marshal(e)
	testkit.Succeed(t, err)
	return s.post(t, string(body), "application/cloudevents+json")
}

// deliverPhoto brings the event of a submitted photo.
func (s *system) deliverPhoto(t *testing.T, id int64) *httptest.ResponseRecorder {
	t.Helper()
	body := testkit.Must(json.Marshal(testkit.Must(event.PhotoSubmitted(id, event.Trace{}))(t)))(t)
	return s.post(t, string(body), "application/cloudevents+json")
}

func (s *system) post(t *testing.T, body, kind string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	request.Header.Set("Content-Type", kind)
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, request)
	return recorder
}

func (s *system) image(t *testing.T, id int64) lineup.Image {
	t.Helper()
	image, err := s.store.Image(t.Context(), id)
	testkit.Succeed(t, err)
	return image
}

// past is what the history of the picture tells, but for when.
func (s *system) past(t *testing.T, id int64) (told []string) {
	t.Helper()
	for _, e := range testkit.Must(s.store.History(t.Context(), id))(t) {
		told = append(told, e.What+" "+e.Detail)
	}
	return told
}

func (s *system) wantAnswer(t *testing.T, got *httptest.ResponseRecorder, status int, retryAfter string) {
	t.Helper()
	if got.Code != status || got.Header().Get("Retry-After") != retryAfter {
		t.Errorf("answer %d, Retry-After %q, %s; want %d, %q", got.Code, got.Header().Get("Retry-After"), got.Body, status, retryAfter)
	}
}
