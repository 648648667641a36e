package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"lineup.dev/lineup/local/contract"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

// sinkStub accepts events, or refuses them with a status.
type sinkStub struct {
	mu     sync.Mutex
	status int
	events []string // type, id, and data
}

func (s *sinkStub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status != 0 {
		w.WriteHeader(s.status)
		return
	}
	received, err := event.Read(r)
	if err != nil || len(received) != 1 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	e := received[0].Event
	if err := contract.JudgeEvent(e); err != nil { // it takes what docs/asyncapi.yaml describes, and nothing else
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	s.events = append(s.events, e.Type()+" "+e.ID()+" "+string(e.Data()))
	w.WriteHeader(http.StatusAccepted)
}

func (s *sinkStub) answer(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

func (s *sinkStub) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// announcer sends to the sink.
func (s *sinkStub) announcer(t *testing.T, db *store.Store) *announcer {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	to := testkit.Must(event.NewSink(event.SinkSettings{Sink: server.URL}, 2))(t)
	t.Cleanup(to.Close)
	return &announcer{store: db, sink: to, timeout: patience}
}

func TestResultsAreAnnounced(t *testing.T) {
	sink := new(sinkStub)
	face := new(faceStub)
	face.answer = func(ctx context.Context, path string) (*facerecog.IdentifyResponse, error) {
		if path == "bad.jpg" {
			return fail(codes.InvalidArgument, "no picture")(ctx, path)
		}
		return names(path, 0.5), nil
	}
	face.start(t)
	s := newSystem(t, face)
	s.announcer = sink.announcer(t, s.pipeline.store)
	_, err := s.store.Enrol(t.Context(), store.Enrolment{Name: "Ann", Photos: []store.NewPhoto{{ImageName: "ann.jpg"}}})
	testkit.Succeed(t, err)
	s.submit(t, "ann.jpg")
	s.submit(t, "bad.jpg")
	s.submit(t, "who.jpg")

	s.wantAnswer(t, s.deliver(t, 1), http.StatusOK, "")
	s.wantAnswer(t, s.deliver(t, 2), http.StatusOK, "")
	sink.answer(http.StatusServiceUnavailable) // delays the event, not the picture
	s.wantAnswer(t, s.deliver(t, 3), http.StatusOK, "")
	identified := `dev.lineup.image.identified 1.1 {"id":1,"path":"ann.jpg","faces":[{"id":1,"person":{"id":1,"name":"Ann"},` +
		`"decided_by":"machine","ignored":false,"not":[],"image_name":"ann.jpg","similarity":0.5,"margin":null,"chance_wrong":null,"refusal":"",` +
		`"candidates":[{"person":{"id":1,"name":"Ann"},"image_name":"ann.jpg","similarity":0.5}],"score":null,"box":null,"crop":null}]}`
	failed := `dev.lineup.image.failed 2.1 {"id":2,"path":"bad.jpg","reason":"no picture"}`
	unknown := `dev.lineup.image.unknown 3.1 {"id":3,"path":"who.jpg","faces":[{"id":2,"person":null,` +
		`"decided_by":"machine","ignored":false,"not":[],"image_name":"who.jpg","similarity":0.5,"margin":null,"chance_wrong":null,"refusal":"","candidates":[],"score":null,"box":null,"crop":null}]}`
	if got := sink.got(); !slices.Equal(got, []string{identified, failed}) {
		t.Errorf("announced %q", got)
	}
	if due, err := s.store.Due(t.Context(), 0, 10); err != nil || len(due) != 1 || due[0].ID != 3 {
		t.Errorf("due are %v, %v; want the picture that is not announced", due, err)
	}

	sink.answer(0)
	s.announcer.pause.until = time.Now()
	for range 2 { // the second time there is nothing left to announce
		s.wantAnswer(t, s.deliver(t, 3), http.StatusOK, "")
	}
	if got := sink.got(); !slices.Equal(got, []string{identified, failed, unknown}) {
		t.Errorf("announced %q", got)
	}
	if n := face.calls.Load(); n != 3 {
		t.Errorf("%d calls for three pictures", n)
	}
}

// A picture may be submitted again between its result and the announcement.
func TestWhatWasSubmittedAgainMeanwhileIsNotAnnounced(t *testing.T) {
	sink := new(sinkStub)
	s := newSystem(t, new(faceStub))
	s.submit(t, "a.jpg")
	p := &picture{id: 1, won: store.Claim{Ref: store.Ref{Round: 1}}}
	a := sink.announcer(t, s.pipeline.store)
	for _, status := range []lineup.Status{lineup.Pending, lineup.Processing, lineup.Unknown} {
		s.edit(t, "UPDATE images SET status = '"+string(status)+"'")
		a.announce(t.Context(), p, s.handler.log)
		if announced := len(sink.got()) == 1; announced != status.Final() {
			t.Errorf("%s: announced: %v, %q", status, announced, sink.got())
		}
		if due, err := s.store.Due(t.Context(), 0, 10); err != nil || (len(due) == 0) != status.Final() {
			t.Errorf("%s: due are %v, %v", status, due, err)
		}
	}
}

func TestWithoutASinkNobodyWaitsForEvents(t *testing.T) {
	face := &faceStub{answer: nobody}
	face.start(t)
	s := newSystem(t, face)
	s.submit(t, "a.jpg")
	s.wantAnswer(t, s.deliver(t, 1), http.StatusOK, "")
	if due, err := s.store.Due(t.Context(), 0, 10); err != nil || len(due) != 0 {
		t.Errorf("due are %v, %v; want none", due, err)
	}
}
