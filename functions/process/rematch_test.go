package main

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	facerecog "lineup.dev/lineup/proto"
)

func (s *system) deliverRematch(t *testing.T) int {
	t.Helper()
	e := testkit.Must(event.RematchSubmitted(event.RematchData{FirstImage: 0, GalleryState: 2}, event.Trace{}))(t)
	return s.post(t, string(testkit.Must(json.Marshal(e))(t)), "application/cloudevents+json").Code
}

// TestThePastFollowsTheGallery enrols somebody after their picture was looked at.
func TestThePastFollowsTheGallery(t *testing.T) {
	t.Parallel()
	comparison := func(state int64) *facerecog.Comparison {
		return &facerecog.Comparison{GalleryState: state, Threshold: 0.5}
	}
	face := &faceStub{answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) {
		return &facerecog.IdentifyResponse{Faces: []*facerecog.Face{{Embedding: []float32{1, 0}, Model: "m"}}, Comparison: comparison(1)}, nil
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
	s.edit(t, "UPDATE gallery SET state = 2")
	if n := testkit.Must(s.store.PlanRematches(t.Context()))(t); n != 1 {
		t.Fatalf("%d ranges were planned", n)
	}
	if code := s.deliverRematch(t); code < 400 {
		t.Errorf("while the face server starts the answer is %d", code)
	}
	s.edit(t, "UPDATE rematches SET retry_at = NULL")
	answer = func(_ context.Context, r *facerecog.MatchRequest) (*facerecog.MatchResponse, error) {
		if r.GetModel() != "m" || len(r.GetDescriptors()) != 1 {
			t.Errorf("asked about %v", r)
		}
		ann := &facerecog.Candidate{ImageName: "ann.jpg", PersonId: 1, PhotoId: 1, Similarity: 0.75}
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
	if progress := testkit.Must(s.store.RematchProgress(t.Context()))(t); progress.Waiting != 0 || progress.Finished != 1 {
		t.Errorf("the progress is %+v", progress)
	}
}
