package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"lineup.dev/lineup/local/deptest"
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
	answer  func(ctx context.Context, path string) (*facerecog.IdentifyResponse, error)
	sick    atomic.Bool
	calls   atomic.Int32
	probes  atomic.Int32
	address string
	options []grpc.ServerOption
	server  *grpc.Server
}

func (f *faceStub) Identify(ctx context.Context, r *facerecog.IdentifyRequest) (*facerecog.IdentifyResponse, error) {
	f.calls.Add(1)
	return f.answer(ctx, r.GetImagePath())
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
	must(t, err)
	f.address = listener.Addr().String()
	server := grpc.NewServer(f.options...)
	f.server = server
	facerecog.RegisterIdentifyServer(server, f)
	facerecog.RegisterHealthCheckServer(server, f)
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

// system is a processor on a real database.
type system struct {
	*processor
	store *store.Store // of the test itself
	face  *faceStub
	dsn   string
}

func newSystem(t *testing.T, face *faceStub) *system {
	t.Helper()
	s := &system{face: face, dsn: deptest.MySQL(t)}
	must(t, store.Migrate(t.Context(), s.dsn))
	// The handler has no more rights than it needs; what a test prepares goes another way.
	pictures, err := store.Open(store.Settings{Database: store.Database{DSN: deptest.Account(t, s.dsn, "process")}, Connections: 10})
	must(t, err)
	s.store, err = store.Open(store.Settings{Database: store.Database{DSN: s.dsn}, Connections: 10})
	must(t, err)
	faces, err := dialFaceServer(face.address, insecure.NewCredentials(), 2*time.Second, time.Second)
	must(t, err)
	t.Cleanup(func() { pictures.Close(); s.store.Close(); faces.close() })
	log := slog.New(slog.DiscardHandler)
	s.processor = &processor{
		Retry: Retry{Lease: time.Minute, MaxAttempts: 3, First: time.Second, Most: time.Minute},
		store: pictures,
		faces: faces,
		breaker: breaker.New(breaker.Settings{
			Failures: 3, OpenFor: 10 * time.Second, Probe: faces.healthy, Log: log,
		}),
		suspects: make(chan struct{}, 1),
		ending:   context.Background(),
		maxEvent: 1 << 20,
		log:      log,
	}
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *system) submit(t *testing.T, paths ...string) {
	t.Helper()
	_, err := s.store.Submit(t.Context(), paths)
	must(t, err)
}

// deliver brings the event of a submitted picture, as the bridge does.
func (s *system) deliver(t *testing.T, id int64) *httptest.ResponseRecorder {
	t.Helper()
	e, err := event.Submitted(id, 1, "ignored.jpg", event.Trace{})
	must(t, err)
	body, err := json.Marshal(e)
	must(t, err)
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
	must(t, err)
	return image
}

func (s *system) wantAnswer(t *testing.T, got *httptest.ResponseRecorder, status int, retryAfter string) {
	t.Helper()
	if got.Code != status || got.Header().Get("Retry-After") != retryAfter {
		t.Errorf("answer %d, Retry-After %q, %s; want %d, %q", got.Code, got.Header().Get("Retry-After"), got.Body, status, retryAfter)
	}
}

func TestTheWholeWay(t *testing.T) {
	face := &faceStub{answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) {
		return names("ann-1.jpg", 0.9), nil
	}}
	face.start(t)
	s := newSystem(t, face)
	_, err := s.store.AddPerson(t.Context(), "Ann", []string{"ann-1.jpg"})
	must(t, err)
	s.submit(t, "a.jpg")
	s.wantAnswer(t, s.deliver(t, 1), http.StatusOK, "")
	image := s.image(t, 1)
	if image.Status != lineup.Identified || image.Person == nil || image.Person.Name != "Ann" || len(image.Faces) != 1 {
		t.Errorf("%+v, want Ann identified", image)
	}
	s.wantAnswer(t, s.deliver(t, 1), http.StatusOK, "")
	if n := face.calls.Load(); n != 1 {
		t.Errorf("%d calls for a picture delivered twice, want one", n)
	}
}

func TestAnswersOfTheFaceServer(t *testing.T) {
	unreachable := &errdetails.ErrorInfo{Reason: "ROOT_UNREACHABLE", Domain: "lineup"}
	for name, c := range map[string]struct {
		answer     func(context.Context, string) (*facerecog.IdentifyResponse, error)
		sick       bool
		status     int
		retryAfter string
		image      lineup.Status
		reason     string
		attempts   int
	}{
		"nobody known": {
			answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) { return names("", 0.1), nil },
			status: 200, image: lineup.Unknown},
		"a photo that is nobody's": {
			answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) {
				return names("by-hand.jpg", 0.9), nil
			},
			status: 200, image: lineup.Unknown},
		"no face": {
			answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) {
				return &facerecog.IdentifyResponse{ImageName: "not_found"}, nil
			},
			status: 200, image: lineup.Unknown},
		"no picture": {
			answer: fail(codes.InvalidArgument, "no picture"),
			status: 200, image: lineup.Failed, reason: "no picture"},
		"a picture that is not there": {
			answer: fail(codes.NotFound, "no such file"),
			status: 200, image: lineup.Failed, reason: "no such file"},
		"a picture root that cannot be reached": {
			answer: fail(codes.Unavailable, "no bucket", unreachable),
			status: 425, retryAfter: "1", image: lineup.Pending},
		"busy": {
			answer: fail(codes.ResourceExhausted, "busy", &errdetails.RetryInfo{RetryDelay: durationpb.New(1500 * time.Millisecond)}),
			status: 503, retryAfter: "2", image: lineup.Pending},
		"a failure of a healthy server": {
			answer: fail(codes.Internal, "oh"),
			status: 425, retryAfter: "1", image: lineup.Pending, attempts: 1},
		"a failure of a sick server": {
			answer: fail(codes.Unknown, "oh"), sick: true,
			status: 425, retryAfter: "1", image: lineup.Pending, attempts: 1},
		"too slow": {
			answer: func(ctx context.Context, _ string) (*facerecog.IdentifyResponse, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
			status: 425, retryAfter: "1", image: lineup.Pending, attempts: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			face := &faceStub{answer: c.answer}
			face.sick.Store(c.sick)
			face.start(t)
			s := newSystem(t, face)
			s.submit(t, "a.jpg")
			s.wantAnswer(t, s.deliver(t, 1), c.status, c.retryAfter)
			if image := s.image(t, 1); image.Status != c.image || image.Reason != c.reason {
				t.Errorf("the row is %s (%q), want %s (%q)", image.Status, image.Reason, c.image, c.reason)
			}
			if c.image != lineup.Pending {
				return
			}
			again := s.deliver(t, 1)
			s.wantAnswer(t, again, http.StatusTooEarly, again.Header().Get("Retry-After"))
			if claim := s.claimWhenDue(t, 1); claim.Attempts != c.attempts {
				t.Errorf("%d attempts counted, want %d", claim.Attempts, c.attempts)
			}
		})
	}
}

// claimWhenDue claims a picture once its time to be retried has come.
func (s *system) claimWhenDue(t *testing.T, id int64) store.Claim {
	t.Helper()
	var claim store.Claim
	eventually(t, "the picture can be claimed", func() bool {
		var err error
		claim, err = s.store.Claim(t.Context(), id, time.Minute)
		must(t, err)
		return claim.Outcome == store.Won
	})
	return claim
}

// eventually asks until cond is true, for ten seconds at most.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for !cond() {
		select {
		case <-ctx.Done():
			t.Fatalf("not within ten seconds: %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestAPictureThatKillsTheServerEndsFailed(t *testing.T) {
	face := new(faceStub)
	face.answer = func(context.Context, string) (*facerecog.IdentifyResponse, error) {
		return nil, status.Error(codes.Unavailable, "the connection broke")
	}
	face.start(t)
	s := newSystem(t, face)
	s.Retry.First = time.Millisecond
	s.submit(t, "killer.jpg")
	eventually(t, "failed", func() bool {
		s.deliver(t, 1)
		return s.image(t, 1).Status == lineup.Failed
	})
	if image := s.image(t, 1); !strings.Contains(image.Reason, "3 times") || face.calls.Load() != 3 {
		t.Errorf("%d calls, reason %q; want 3 calls", face.calls.Load(), image.Reason)
	}
	if err := s.breaker.Allow(t.Context()); err != nil {
		t.Errorf("one bad picture opened the circuit: %v", err)
	}
}

func TestADeadFaceServerCostsWaitingAndNeverAPicture(t *testing.T) {
	face := &faceStub{answer: nobody}
	face.start(t)
	face.server.Stop()
	s := newSystem(t, face)
	s.breaker = breaker.New(breaker.Settings{Failures: 3, OpenFor: time.Second, Probe: s.faces.healthy, Log: s.log})
	const pictures = 20
	for i := range pictures {
		s.submit(t, fmt.Sprintf("%d.jpg", i))
	}
	for i := range int64(pictures) {
		got := s.deliver(t, i+1)
		switch {
		case i < 2 && got.Code != http.StatusTooEarly, i >= 2 && got.Code != http.StatusServiceUnavailable:
			t.Errorf("picture %d: %d %s", i+1, got.Code, got.Body)
		case got.Header().Get("Retry-After") == "":
			t.Errorf("picture %d: no Retry-After", i+1)
		}
		if image := s.image(t, i+1); image.Status != lineup.Pending {
			t.Errorf("picture %d is %s, want pending", i+1, image.Status)
		}
	}
	if left := s.breaker.Remaining(); left <= 0 {
		t.Fatal("the circuit is not open")
	}

	face.start(t)
	for i := range int64(pictures) {
		eventually(t, "looked at", func() bool { s.deliver(t, i+1); return s.image(t, i+1).Status == lineup.Unknown })
	}
	if n := face.calls.Load(); n != pictures {
		t.Errorf("%d calls for %d pictures", n, pictures)
	}
}

func TestTwoAtOnce(t *testing.T) {
	release := make(chan struct{})
	face := &faceStub{answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) {
		<-release
		return names("", 0), nil
	}}
	face.start(t)
	s := newSystem(t, face)
	s.submit(t, "a.jpg")
	var first *httptest.ResponseRecorder
	var work sync.WaitGroup
	work.Go(func() { first = s.deliver(t, 1) })
	eventually(t, "the first is at work", func() bool { return face.calls.Load() == 1 })
	second := s.deliver(t, 1)
	if wait := second.Header().Get("Retry-After"); second.Code != http.StatusConflict || wait != "60" && wait != "59" {
		t.Errorf("the second: %d, Retry-After %q; want 409 and what is left of the lease", second.Code, wait)
	}
	close(release)
	work.Wait()
	s.wantAnswer(t, first, http.StatusOK, "")
	if n := face.calls.Load(); n != 1 {
		t.Errorf("%d calls, want one", n)
	}
}

func TestAResultThatCameTooLateIsNotWritten(t *testing.T) {
	face := new(faceStub)
	s := new(system)
	face.answer = func(context.Context, string) (*facerecog.IdentifyResponse, error) {
		s.claimWhenDue(t, 1) // the lease ran out meanwhile, and another took over
		return names("", 0), nil
	}
	face.start(t)
	*s = *newSystem(t, face)
	s.Retry.Lease = time.Millisecond
	s.submit(t, "a.jpg")
	s.wantAnswer(t, s.deliver(t, 1), http.StatusConflict, "1")
	if image := s.image(t, 1); image.Status != lineup.Processing {
		t.Errorf("the row is %s, want processing, by the other", image.Status)
	}
}

func TestEventsThatStandForNothing(t *testing.T) {
	face := new(faceStub)
	face.start(t)
	s := newSystem(t, face)
	const structured = "application/cloudevents+json"
	event := func(kind, data string) string {
		return `{"specversion":"1.0","type":"` + kind + `","source":"/test","id":"1","datacontenttype":"application/json","data":` + data + `}`
	}
	for name, c := range map[string]struct {
		body, kind string
		status     int
	}{
		"no such picture":           {event("dev.lineup.image.submitted", `{"id":99,"path":"a"}`), structured, http.StatusGone},
		"no id":                     {event("dev.lineup.image.submitted", `{"path":"a"}`), structured, http.StatusUnprocessableEntity},
		"an id that is none":        {event("dev.lineup.image.submitted", `{"id":-1}`), structured, http.StatusUnprocessableEntity},
		"data of another shape":     {event("dev.lineup.image.submitted", `[]`), structured, http.StatusUnprocessableEntity},
		"another type":              {event("dev.lineup.nsq.message", `"garbage"`), structured, http.StatusUnprocessableEntity},
		"no event":                  {`garbage`, structured, http.StatusBadRequest},
		"no event either":           {`garbage`, "text/plain", http.StatusBadRequest},
		"an event larger than 1 MB": {event("dev.lineup.image.submitted", `"`+strings.Repeat("a", 1<<20)+`"`), structured, http.StatusRequestEntityTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if got := s.post(t, c.body, c.kind); got.Code != c.status {
				t.Errorf("%d %s, want %d", got.Code, got.Body, c.status)
			}
		})
	}
	s.processor.store.Close()
	s.wantAnswer(t, s.deliver(t, 1), http.StatusServiceUnavailable, "5")
}

func TestNonsenseOfAFaceServerIsLeftOut(t *testing.T) {
	nan, half := float32(0), float32(0.5)
	nan /= nan
	response := &facerecog.IdentifyResponse{}
	response.Faces = append(response.Faces,
		&facerecog.Face{ImageName: strings.Repeat("x", 300), Similarity: &nan, Score: &half, Box: &facerecog.Box{X: nan}},
		&facerecog.Face{ImageName: "not_found", Model: strings.Repeat("m", 101), Embedding: []float32{1}})
	for range 10_000 {
		response.Faces = append(response.Faces, &facerecog.Face{})
	}
	faces := facesOf(response)
	if len(faces) != answerFaces {
		t.Fatalf("%d faces kept, want %d", len(faces), answerFaces)
	}
	if f := faces[0]; f.ImageName != "" || f.Similarity != nil || f.Box != nil || *f.Score != 0.5 {
		t.Errorf("kept %+v", f)
	}
	if f := faces[1]; f.ImageName != "" || f.Model != "" || f.Embedding != nil {
		t.Errorf("kept %+v", f)
	}
}
