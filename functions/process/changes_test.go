package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// deliverChange brings the hint that changes up to one wait.
func (s *system) deliverChange(t *testing.T, upTo int64) *httptest.ResponseRecorder {
	t.Helper()
	body := testkit.Must(json.Marshal(testkit.Must(event.ChangeSubmitted(upTo, event.Trace{}))(t)))(t)
	return s.post(t, string(body), "application/cloudevents+json")
}

// enrolled gives somebody's id.
func (s *system) enrolled(t *testing.T, name string) int64 {
	t.Helper()
	return testkit.Must(s.store.Enrol(t.Context(), store.Enrolment{Name: name, By: "phone"}))(t).Person.ID
}

func changed(change int64, action string, person int64, name string, people string) string {
	named := "null"
	if name != "" {
		named = strconv.Quote(name)
	}
	return fmt.Sprintf(`dev.lineup.person.changed %d {"id":%d,"action":"%s","by":"phone","person":{"id":%d,"name":%s},"people":%s,"image":null,"face":null,"undoes":null}`,
		change, change, action, person, named, people)
}

func TestChangesOfPeopleAreAnnounced(t *testing.T) {
	sink := new(sinkStub)
	s := newSystem(t, new(faceStub)) // which nobody needs: it is not there
	s.announcer = sink.announcer(t, s.pipeline.store)
	ann, bob := s.enrolled(t, "Ann"), s.enrolled(t, "Bob")
	_, err := s.store.PatchPerson(t.Context(), ann, store.PersonPatch{Name: testkit.Ptr("Anna")}, "phone")
	testkit.Succeed(t, err)
	_, err = s.store.MergePeople(t.Context(), ann, []int64{bob}, "phone")
	testkit.Succeed(t, err)

	s.wantAnswer(t, s.deliverChange(t, 2), http.StatusOK, "")
	want := []string{changed(1, "enrol", ann, "Anna", "[1]"), changed(2, "enrol", ann, "Anna", "[2]")} // as they are now
	if got := sink.got(); !slices.Equal(got, want) {
		t.Errorf("announced %q, want %q", got, want)
	}

	sink.answer(http.StatusServiceUnavailable)
	s.wantAnswer(t, s.deliverChange(t, 4), http.StatusOK, "")
	if due := testkit.Must(s.store.DueChanges(t.Context(), 0, 10))(t); !slices.Equal(due, []int64{3, 4}) {
		t.Errorf("due are %v, want what was not accepted", due)
	}
	sink.answer(0)
	s.announcer.pause.until = time.Now()
	for range 2 { // the second time nothing is left
		s.wantAnswer(t, s.deliverChange(t, 4), http.StatusOK, "")
	}
	want = append(want, changed(3, "name", ann, "Anna", "[1]"), changed(4, "merge", ann, "Anna", "[1,2]"))
	if got := sink.got(); !slices.Equal(got, want) {
		t.Errorf("announced %q, want %q", got, want)
	}
}

func TestAChangeThatNamesNobodyIsAboutTheFirstWhomItTouches(t *testing.T) {
	sink := new(sinkStub)
	s := newSystem(t, new(faceStub))
	s.announcer = sink.announcer(t, s.pipeline.store)
	ann := s.enrolled(t, "Ann")
	s.submit(t, "a.jpg")
	claim := testkit.Must(s.store.Claim(t.Context(), 1, time.Minute))(t)
	testkit.Must(s.store.Finish(t.Context(), claim, store.Result{Faces: []lineup.Face{{}}}, true))(t)
	_, err := s.store.DecideFace(t.Context(), s.image(t, 1).Faces[0].ID, store.FaceDecision{Not: &[]int64{ann}}, "phone")
	testkit.Succeed(t, err)
	s.wantAnswer(t, s.deliverChange(t, 100), http.StatusOK, "")
	if got := sink.got(); len(got) != 2 || !strings.Contains(got[1], `"action":"is_not","by":"phone","person":{"id":1,"name":"Ann"}`) {
		t.Errorf("announced %q", got)
	}
}

func TestOfWhoWasErasedOnlyIDsAreAnnounced(t *testing.T) {
	sink := new(sinkStub)
	s := newSystem(t, new(faceStub))
	s.announcer = sink.announcer(t, s.pipeline.store)
	ann := s.enrolled(t, "Ann")
	testkit.Must(s.store.ErasePerson(t.Context(), ann, "phone"))(t)
	s.wantAnswer(t, s.deliverChange(t, 100), http.StatusOK, "")
	got := sink.got()
	if want := []string{changed(1, "enrol", ann, "", "[1]"), changed(2, "erase", ann, "", "[1]")}; !slices.Equal(got, want) {
		t.Errorf("announced %q, want %q", got, want)
	}
}

// A sink may refuse one event for good. The others of that person wait for it, those of other
// people do not.
func TestAnEventThatIsRefusedHoldsUpItsPersonAlone(t *testing.T) {
	sink, refused := new(sinkStub), ""
	s := newSystem(t, new(faceStub))
	s.announcer = sink.announcer(t, s.pipeline.store)
	choosy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Ce-Id") == refused {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		sink.ServeHTTP(w, r)
	}))
	t.Cleanup(choosy.Close)
	to := testkit.Must(event.NewSink(event.SinkSettings{Sink: choosy.URL}, 2))(t)
	t.Cleanup(to.Close)
	s.announcer.sink = to
	ann, bob := s.enrolled(t, "Ann"), s.enrolled(t, "Bob")
	for _, id := range []int64{ann, bob} {
		_, err := s.store.PatchPerson(t.Context(), id, store.PersonPatch{Hidden: testkit.Ptr(true)}, "phone")
		testkit.Succeed(t, err)
	}
	refused = "1"
	s.wantAnswer(t, s.deliverChange(t, 4), http.StatusOK, "")
	refused = ""
	s.wantAnswer(t, s.deliverChange(t, 4), http.StatusOK, "")
	var ids []string
	for _, one := range sink.got() {
		ids = append(ids, strings.Fields(one)[1])
	}
	if want := []string{"2", "4", "1", "3"}; !slices.Equal(ids, want) {
		t.Errorf("announced are %q, want %q", ids, want)
	}
}

func TestWithoutASinkNoChangeWaits(t *testing.T) {
	s := newSystem(t, new(faceStub))
	s.announcer.timeout = time.Minute
	for i := range changesBatch + 5 {
		s.enrolled(t, fmt.Sprintf("Ann %d", i))
	}
	s.wantAnswer(t, s.deliverChange(t, 1<<40), http.StatusOK, "")
	if due := testkit.Must(s.store.DueChanges(t.Context(), 0, 10))(t); len(due) != 0 {
		t.Errorf("due are %v", due)
	}
}
