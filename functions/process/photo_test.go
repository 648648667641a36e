package main

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

// enrol gives the person of that name a photo, which waits to be examined.
func (s *system) enrol(t *testing.T, name, image string) store.Photo {
	t.Helper()
	enrolled := testkit.Must(s.store.Enrol(t.Context(), store.Enrolment{Name: name, Photos: []store.NewPhoto{{ImageName: image}}}))(t)
	return enrolled.Photos[0]
}

func (s *system) wantPhoto(t *testing.T, id int64, state store.PhotoState, reason string) {
	t.Helper()
	photo := testkit.Must(s.store.Photo(t.Context(), id))(t)
	if photo.State != state || !strings.Contains(photo.Reason, reason) || (reason == "") != (photo.Reason == "") {
		t.Errorf("photo %d is %s, %q; want %s, %q", id, photo.State, photo.Reason, state, reason)
	}
}

// describing answers with one face whose descriptor is told by the photo's name.
func describing(descriptors map[string][]float32) func(context.Context, string) (*facerecog.Photo, error) {
	return func(_ context.Context, name string) (*facerecog.Photo, error) {
		if descriptors[name] == nil {
			return &facerecog.Photo{Problems: []facerecog.Problem{facerecog.Problem_NO_FACE}}, nil
		}
		face := photoFace(0.5, 90)
		face.Face.Embedding, face.Face.Candidates = descriptors[name], nil
		return &facerecog.Photo{Usable: true, Faces: []*facerecog.PhotoFace{face}, Comparison: &facerecog.Comparison{GalleryState: 1, Threshold: 0.5}}, nil
	}
}

func TestPhotosAreExamined(t *testing.T) {
	t.Parallel()
	face := &faceStub{describe: describing(map[string][]float32{"ann.jpg": {1, 0}, "bea.jpg": {0, 1}, "kit.jpg": {0.8, 0.6}})}
	face.start(t)
	s := newSystem(t, face)
	for _, c := range []struct {
		name, image string
		state       store.PhotoState
		reason      string
	}{
		{"Ann", "ann.jpg", store.PhotoUsable, ""},
		{"Bea", "bea.jpg", store.PhotoUsable, ""},
		{"Cal", "cal.jpg", store.PhotoUnusable, "no face was found"},
		{"Kit", "kit.jpg", store.PhotoUnusable, `"Ann", similarity 0.80`},
	} {
		photo := s.enrol(t, c.name, c.image)
		for range 2 { // a hint may come twice
			s.wantAnswer(t, s.deliverPhoto(t, photo.ID), http.StatusOK, "")
		}
		s.wantPhoto(t, photo.ID, c.state, c.reason)
	}
	if n := face.calls.Load(); n != 4 {
		t.Errorf("%d calls for four photos", n)
	}
	s.wantAnswer(t, s.deliverPhoto(t, 99), http.StatusOK, "") // it was removed, for all that is known
}

func TestAServerThatDescribesNothingLeavesPhotosUnchecked(t *testing.T) {
	t.Parallel()
	face := &faceStub{answer: nobody}
	face.start(t)
	s := newSystem(t, face)
	photo := s.enrol(t, "Ann", "ann.jpg")
	s.wantAnswer(t, s.deliverPhoto(t, photo.ID), http.StatusOK, "")
	s.wantPhoto(t, photo.ID, store.PhotoUnchecked, "")
}

// A photo is retried as a picture is, and one that kills the face server ends.
func TestAPhotoAtWhichCallsFail(t *testing.T) {
	t.Parallel()
	face := &faceStub{describe: func(_ context.Context, name string) (*facerecog.Photo, error) {
		return nil, status.Error(map[string]codes.Code{"ann.jpg": codes.NotFound, "bea.jpg": codes.Internal}[name], "what the face server says")
	}}
	face.start(t)
	s := newSystem(t, face)
	missing := s.enrol(t, "Ann", "ann.jpg")
	s.wantAnswer(t, s.deliverPhoto(t, missing.ID), http.StatusOK, "")
	s.wantPhoto(t, missing.ID, store.PhotoUnusable, "what the face server says")

	killer := s.enrol(t, "Bea", "bea.jpg")
	for attempt := 1; attempt < s.MaxAttempts; attempt++ {
		if got := s.deliverPhoto(t, killer.ID); got.Code != http.StatusTooManyRequests || got.Header().Get("Retry-After") == "" {
			t.Errorf("attempt %d: %d %s", attempt, got.Code, got.Body)
		}
		s.wantPhoto(t, killer.ID, store.PhotoPending, "")
		s.edit(t, "UPDATE person_images SET retry_at = NULL")
	}
	s.wantAnswer(t, s.deliverPhoto(t, killer.ID), http.StatusOK, "")
	s.wantPhoto(t, killer.ID, store.PhotoUnusable, "failed at it 3 times")
}

func TestAPhotoWaitsWhileTheFaceServerIsAway(t *testing.T) {
	t.Parallel()
	face := &faceStub{describe: describing(map[string][]float32{"ann.jpg": {1, 0}})}
	face.start(t)
	s := newSystem(t, face)
	face.server.Stop()
	photo := s.enrol(t, "Ann", "ann.jpg")
	if got := s.deliverPhoto(t, photo.ID); got.Code < 400 || got.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	s.wantPhoto(t, photo.ID, store.PhotoPending, "")
	face.start(t)
	testkit.Eventually(t, patience, "the face server is found again", func() bool { return s.faces.healthy(t.Context()) == nil })
	s.edit(t, "UPDATE person_images SET retry_at = NULL")
	s.wantAnswer(t, s.deliverPhoto(t, photo.ID), http.StatusOK, "")
	s.wantPhoto(t, photo.ID, store.PhotoUsable, "")
}
