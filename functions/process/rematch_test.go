package main

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

func (s *system) deliverRematch(t *testing.T) int {
	t.Helper()
	e := testkit.Must(event.RematchSubmitted(event.RematchData{FirstImage: 0, GalleryState: 2}, event.Trace{}))(t)
	return s.post(t, string(testkit.Must(json.Marshal(e))(t)), "application/cloudevents+json").Code
}

// Changed answers are told at once, each once; what the sink does not take, at a ping.
func TestChangedAnswersAreAnnounced(t *testing.T) {
	t.Parallel()
	face := &faceStub{answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) {
		return &facerecog.IdentifyResponse{Faces: []*facerecog.Face{{Embedding: []float32{1, 0}, Model: "m"}}, Comparison: &facerecog.Comparison{GalleryState: 1, Threshold: 0.5}}, nil
	}}
	sink := new(sinkStub)
	sink.answer(http.StatusForbidden) // which begins no pause
	face.match = func(_ context.Context, r *facerecog.MatchRequest) (*facerecog.MatchResponse, error) {
		answer := &facerecog.MatchResponse{Comparison: &facerecog.Comparison{GalleryState: 9, Threshold: 0.5}}
		for range r.GetDescriptors() {
			ann := &facerecog.Candidate{ImageName: "ann.jpg", PersonId: 1, PhotoId: 1, Similarity: 0.75}
			answer.Faces = append(answer.Faces, &facerecog.Face{Candidates: []*facerecog.Candidate{ann}})
		}
		return answer, nil
	}
	face.start(t)
	s := newSystem(t, face)
	s.submit(t, "a.jpg", "b.jpg")
	for id := range int64(2) {
		s.wantAnswer(t, s.deliver(t, id+1), http.StatusOK, "")
	}
	s.announcer = sink.announcer(t, s.pipeline.store)
	s.enrol(t, "Ann", "ann.jpg")
	s.edit(t, "UPDATE person_images SET state = 'usable'")
	again := func() {
		t.Helper()
		s.edit(t, "UPDATE gallery SET named_state = state + 1, state = state + 1")
		testkit.Must(s.store.PlanRematches(t.Context()))(t)
		for range 2 { // a hint may come twice
			if code := s.deliverRematch(t); code != http.StatusOK {
				t.Fatalf("the answer is %d", code)
			}
		}
	}
	told := func(want ...string) {
		t.Helper()
		var got []string
		for _, e := range sink.got() {
			got = append(got, strings.Join(strings.Fields(e)[:2], " "))
		}
		if !slices.Equal(got, want) {
			t.Errorf("announced are %q, want %q", got, want)
		}
	}
	again()
	told()
	if due := testkit.Must(s.store.Due(t.Context(), 0, 10))(t); len(due) != 2 {
		t.Errorf("while the sink refuses, due are %v", due)
	}
	sink.answer(0)
	s.wantAnswer(t, s.deliver(t, 1), http.StatusOK, "") // as after a ping
	told("dev.lineup.image.identified 1.1.1")

	s.edit(t, "UPDATE person SET removed_at = UTC_TIMESTAMP(6)")
	again()
	told("dev.lineup.image.identified 1.1.1", "dev.lineup.image.unknown 1.1.2", "dev.lineup.image.unknown 2.1.2")
	again() // nothing changes
	told("dev.lineup.image.identified 1.1.1", "dev.lineup.image.unknown 1.1.2", "dev.lineup.image.unknown 2.1.2")
	if due := testkit.Must(s.store.Due(t.Context(), 0, 10))(t); len(due) != 0 {
		t.Errorf("due are %v", due)
	}

	// Whoever changes an answer again announces that.
	s.announcer.announceChanged(t.Context(), []store.Answer{{ID: 99, Round: 1, Revision: 1}, {ID: 1, Round: 1, Revision: 1}, {ID: 2, Round: 1, Revision: 2}}, event.Trace{}, s.handler.log)
	told("dev.lineup.image.identified 1.1.1", "dev.lineup.image.unknown 1.1.2", "dev.lineup.image.unknown 2.1.2", "dev.lineup.image.unknown 2.1.2")
}

// TestThePastFollowsTheGallery enrols somebody after their picture was looked at.
func TestThePastFollowsTheGallery(t *testing.T) {
	t.Parallel()
	comparison := func(state int64) *facerecog.Comparison {
		return &facerecog.Comparison{GalleryState: state, Threshold: 0.5}
	}
	face := &faceStub{answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) {
		return &facerecog.IdentifyResponse{Faces: []*facerecog.Face{{Embedding: []float32{1, 0}, Model: "m", Occluded: true, Problems: []facerecog.Problem{facerecog.Problem_OCCLUDED}}}, Comparison: comparison(1)}, nil
	}}
	answer := func(context.Context, *facerecog.MatchRequest) (*facerecog.MatchResponse, error) {
		return nil, status.Error(codes.Unavailable, "it starts")
	}
	face.match = func(ctx context.Context, r *facerecog.MatchRequest) (*facerecog.MatchResponse, error) {
		return answer(ctx, r)
	}
	face.start(t)
	s := newSystem(t, face)
	s.submit(t, "a.jpg")
	s.wantAnswer(t, s.deliver(t, 1), http.StatusOK, "")
	s.enrol(t, "Ann", "ann.jpg")
	s.edit(t, "UPDATE person_images SET state = 'usable'")
	s.edit(t, "UPDATE gallery SET state = 2, named_state = 2")
	if n := testkit.Must(s.store.PlanRematches(t.Context()))(t); n != 1 {
		t.Fatalf("%d ranges were planned", n)
	}
	if code := s.deliverRematch(t); code < 400 {
		t.Errorf("while the face server starts the answer is %d", code)
	}
	s.edit(t, "UPDATE rematches SET retry_at = NULL")
	answer = func(_ context.Context, r *facerecog.MatchRequest) (*facerecog.MatchResponse, error) {
		if r.GetModel() != "m" || len(r.GetDescriptors()) != 1 || !r.GetDescriptors()[0].GetOccluded() {
			t.Errorf("asked about %v", r)
		}
		ann := &facerecog.Candidate{ImageName: "ann.jpg", PersonId: 1, PhotoId: 1, Similarity: 0.75, ChanceWrong: proto.Float64(0.0012345)}
		return &facerecog.MatchResponse{Faces: []*facerecog.Face{{Candidates: []*facerecog.Candidate{ann}}}, Comparison: comparison(2)}, nil
	}
	for range 2 { // a hint may come twice
		if code := s.deliverRematch(t); code != http.StatusOK {
			t.Errorf("the answer is %d", code)
		}
	}
	image := s.image(t, 1)
	if image.Status != lineup.Identified || image.Person == nil || image.Person.Name != "Ann" || image.Revision != 1 {
		t.Errorf("the picture is %+v", image)
	}
	if chance := image.Faces[0].ChanceWrong; chance == nil || *chance != 0.00123 {
		t.Errorf("the name is said to be wrong with %v, want the 0.00123 that were told", chance)
	}
	if progress := testkit.Must(s.store.RematchProgress(t.Context()))(t); progress.Waiting != 0 || progress.Finished != 1 {
		t.Errorf("the progress is %+v", progress)
	}
}
