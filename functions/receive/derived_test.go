package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// withDerived is a picture that was looked at, with a thumbnail and the crop of a face.
func (s *system) withDerived(t *testing.T, id int64) lineup.Image {
	t.Helper()
	claim := testkit.Must(s.store.Claim(t.Context(), id, time.Hour))(t)
	face := someFace(0.1)
	face.Crop = claim.Derived(2)
	for _, name := range []lineup.Derived{claim.Derived(0), face.Crop} {
		testkit.Succeed(t, s.roots.SaveDerived(t.Context(), string(name), []byte("small")))
	}
	testkit.Must(s.store.Finish(t.Context(), claim, store.Result{Thumbnail: claim.Derived(0), Faces: []lineup.Face{face}}, true))(t)
	return testkit.Must(s.store.Image(t.Context(), id))(t)
}

// wantDerived checks which of an earlier answer's files are there.
func (s *system) wantDerived(t *testing.T, when string, of lineup.Image, want bool) {
	t.Helper()
	for _, name := range []lineup.Derived{of.Thumbnail, of.Faces[0].Crop} {
		if there := testkit.Must(s.roots.HasDerived(t.Context(), string(name)))(t); there != want {
			t.Errorf("%s: %s is there: %v, want %v", when, name, there, want)
		}
	}
}

func TestADeletedPicturesThumbnailIsRemoved(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := testkit.Must(s.store.Submit(t.Context(), store.Paths("a.jpg")))(t)[0].ID
	image := s.withDerived(t, id)
	s.wantDerived(t, "before", image, true)
	s.ask(t, "DELETE", fmt.Sprintf("images/%d", id), "", 204, nil)
	s.wantDerived(t, "after", image, false)
}

func TestAPingRemovesWhatALookReplaced(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	id := testkit.Must(s.store.Submit(t.Context(), store.Paths("a.jpg")))(t)[0].ID
	first := s.withDerived(t, id)
	testkit.Must(s.store.Look(t.Context(), []int64{id}))(t)
	second := s.withDerived(t, id)
	ping := func() reply {
		return s.do(t, "/", "", "Ce-Specversion", "1.0", "Ce-Type", "dev.knative.sources.ping", "Ce-Source", "/test", "Ce-Id", "1")
	}

	// A root that cannot be written to holds up nothing, and nothing is forgotten.
	away := filepath.Join(t.TempDir(), "away")
	testkit.Succeed(t, os.Rename(s.images, away))
	if r := ping(); r.status >= 300 {
		t.Errorf("a ping while the root is away: %d %s", r.status, r.body)
	}
	testkit.Succeed(t, os.Rename(away, s.images))
	s.wantDerived(t, "while the root was away", first, true)

	if r := ping(); r.status >= 300 {
		t.Fatalf("a ping: %d %s", r.status, r.body)
	}
	s.wantDerived(t, "of the first look", first, false)
	s.wantDerived(t, "of the second look", second, true)
	if left := testkit.Must(s.store.Leftovers(t.Context(), 10))(t); len(left) > 0 {
		t.Errorf("still to be removed: %v", left)
	}
}
