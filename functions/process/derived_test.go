package main

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	photos "lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/store"
	facerecog "lineup.dev/lineup/proto"
)

// jpegOf begins as a JPEG does, which is all that process looks at.
func jpegOf(content string) []byte { return []byte("\xff\xd8\xff\xe0" + content) }

// keepsDerived has the system save what is made, below dir.
func (s *system) keepsDerived(t *testing.T, dir string) {
	t.Helper()
	s.derived = testkit.Must(newDerivedFiles(DerivedSettings{
		ImagesURL: dir, DerivedTimeout: 5 * time.Second, Patience: photos.Patience{ReadTimeout: time.Second, RootWait: time.Second},
	}, slog.New(slog.DiscardHandler)))(t)
	t.Cleanup(s.derived.close)
}

// files are the names and contents of all files below dir.
func files(t *testing.T, dir string) map[lineup.Derived]string {
	t.Helper()
	found := map[lineup.Derived]string{}
	testkit.Succeed(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		found[lineup.Derived(filepath.Base(path))] = strings.TrimPrefix(string(body), "\xff\xd8\xff\xe0")
		return err
	}))
	return found
}

// twoFaces is an answer with all that can be made of a picture.
func twoFaces(context.Context, string) (*facerecog.IdentifyResponse, error) {
	return &facerecog.IdentifyResponse{Thumbnail: jpegOf("thumbnail"), Large: jpegOf("large"), Faces: []*facerecog.Face{
		{Box: &facerecog.Box{X: .1, Y: .1, Width: .1, Height: .1}, Crop: jpegOf("left")},
		{Box: &facerecog.Box{X: .8, Y: .1, Width: .1, Height: .1}, Crop: jpegOf("right")},
	}}, nil
}

func TestWhatTheFaceServerMadeIsSaved(t *testing.T) {
	t.Parallel()
	face := &faceStub{answer: twoFaces}
	face.start(t)
	s := newSystem(t, face)
	dir := t.TempDir()
	s.keepsDerived(t, dir)
	s.submit(t, "a.heic", "b.heic")
	for id := range int64(2) {
		s.wantAnswer(t, s.deliver(t, id+1), http.StatusOK, "")
	}
	saved := files(t, dir)
	if len(saved) != 8 {
		t.Errorf("of two pictures that look the same there are the files %v", saved)
	}
	image := s.image(t, 1)
	if saved[image.Thumbnail] != "thumbnail" || saved[image.Large] != "large" || len(image.Faces) != 2 {
		t.Errorf("thumbnail %q, large %q, faces %v", saved[image.Thumbnail], saved[image.Large], image.Faces)
	}
	for _, f := range image.Faces {
		want := "left"
		if f.Box.X > .5 {
			want = "right"
		}
		if saved[f.Crop] != want {
			t.Errorf("the face at %v has the crop %q", f.Box, saved[f.Crop])
		}
	}
}

func TestNothingIsMadeWithoutAPlaceForIt(t *testing.T) {
	t.Parallel()
	face := &faceStub{answer: twoFaces}
	face.start(t)
	s := newSystem(t, face)
	s.submit(t, "a.jpg")
	s.wantAnswer(t, s.deliver(t, 1), http.StatusOK, "")
	if image := s.image(t, 1); face.derived.Load() || image.Thumbnail != "" || image.Faces[0].Crop != "" {
		t.Errorf("asked for: %v; the picture has %q", face.derived.Load(), image.Thumbnail)
	}
}

func TestAPictureHasItsAnswerAlsoWhereNothingCanBeSaved(t *testing.T) {
	t.Parallel()
	face := &faceStub{answer: twoFaces}
	face.start(t)
	s := newSystem(t, face)
	dir := t.TempDir()
	testkit.Succeed(t, os.WriteFile(filepath.Join(dir, "derived"), []byte("in the way"), 0o600))
	s.keepsDerived(t, dir)
	s.submit(t, "a.jpg")
	s.wantAnswer(t, s.deliver(t, 1), http.StatusOK, "")
	if image := s.image(t, 1); image.Status != lineup.Unknown || image.Thumbnail != "" || len(image.Faces) != 2 || image.Faces[0].Crop != "" {
		t.Errorf("the picture is %+v", image)
	}
}

func TestWhatIsNoJPEGIsNotSaved(t *testing.T) {
	t.Parallel()
	face := &faceStub{answer: func(context.Context, string) (*facerecog.IdentifyResponse, error) {
		return &facerecog.IdentifyResponse{Thumbnail: []byte("<script>"), Large: make([]byte, 10), Faces: []*facerecog.Face{{Crop: jpegOf(strings.Repeat("x", cropBytes))}}}, nil
	}}
	face.start(t)
	s := newSystem(t, face)
	dir := t.TempDir()
	s.keepsDerived(t, dir)
	s.submit(t, "a.jpg")
	s.wantAnswer(t, s.deliver(t, 1), http.StatusOK, "")
	if saved := files(t, dir); len(saved) > 0 || s.image(t, 1).Thumbnail != "" {
		t.Errorf("saved are %v", saved)
	}
}

// endLease lets the leases of all pictures run out.
func (s *system) endLease(t *testing.T) {
	t.Helper()
	if _, err := deptest.SQL(t, s.dsn).ExecContext(t.Context(), "UPDATE images SET lease_until = UTC_TIMESTAMP(6) - INTERVAL 1 SECOND"); err != nil {
		t.Error(err)
	}
}

// A row that another took over has the other's files, and none of whoever was too slow.
func TestWhatALostClaimSavedIsRemoved(t *testing.T) {
	t.Parallel()
	var s *system
	face := &faceStub{}
	face.answer = func(ctx context.Context, path string) (*facerecog.IdentifyResponse, error) {
		if face.calls.Load() == 1 { // meanwhile the lease runs out, and another looks at it
			s.endLease(t)
			s.wantAnswer(t, s.deliver(t, 1), http.StatusOK, "")
		}
		return twoFaces(ctx, path)
	}
	face.start(t)
	s = newSystem(t, face)
	dir := t.TempDir()
	s.keepsDerived(t, dir)
	s.submit(t, "a.jpg")
	s.deliver(t, 1)
	image := s.image(t, 1)
	want := []lineup.Derived{image.Thumbnail, image.Large, image.Faces[0].Crop, image.Faces[1].Crop}
	saved := files(t, dir)
	if len(saved) != 4 || slices.ContainsFunc(want, func(name lineup.Derived) bool { return saved[name] == "" }) {
		t.Errorf("the row names %v, there are %v", want, saved)
	}
}

// Whoever takes over a picture removes what the one before saved, and never wrote: it died.
func TestWhatADeadInstanceSavedIsRemoved(t *testing.T) {
	t.Parallel()
	face := &faceStub{answer: twoFaces}
	face.start(t)
	s := newSystem(t, face)
	dir := t.TempDir()
	s.keepsDerived(t, dir)
	s.submit(t, "a.jpg")
	dead := testkit.Must(s.store.Claim(t.Context(), 1, time.Minute))(t)
	for _, n := range []int{0, 2, 3, 4} { // without a large one
		testkit.Succeed(t, s.derived.roots.SaveDerived(t.Context(), string(dead.Derived(n)), jpegOf("dead")))
	}
	s.endLease(t)
	s.wantAnswer(t, s.deliver(t, 1), http.StatusOK, "")
	for name, content := range files(t, dir) {
		if content == "dead" {
			t.Errorf("%s of the dead is still there", name)
		}
	}
}

func TestAPhotoHasTheCropOfItsFace(t *testing.T) {
	t.Parallel()
	face := &faceStub{}
	face.describe = func(_ context.Context, name string) (*facerecog.Photo, error) {
		if name == "nobody.jpg" {
			return &facerecog.Photo{Thumbnail: jpegOf("thumbnail"), Problems: []facerecog.Problem{facerecog.Problem_NO_FACE}}, nil
		}
		left, right := photoFace(.1, 90), photoFace(.6, 80)
		left.Face.Crop, right.Face.Crop = jpegOf("left"), jpegOf("right")
		return &facerecog.Photo{Thumbnail: jpegOf("thumbnail"), Faces: []*facerecog.PhotoFace{left, right}, Problems: []facerecog.Problem{facerecog.Problem_SEVERAL_FACES}}, nil
	}
	face.start(t)
	s := newSystem(t, face)
	dir := t.TempDir()
	s.keepsDerived(t, dir)
	for _, c := range []struct {
		image  string
		chosen int
		want   string
	}{{"nobody.jpg", 0, "thumbnail"}, {"two.jpg", 0, "thumbnail"}, {"chosen.jpg", 2, "right"}} {
		enrolled := testkit.Must(s.store.Enrol(t.Context(), store.Enrolment{Name: c.image, Chosen: c.chosen, Photos: []store.NewPhoto{{ImageName: c.image}}}))(t)
		s.wantAnswer(t, s.deliverPhoto(t, enrolled.Photos[0].ID), http.StatusOK, "")
		photo := testkit.Must(s.store.Photo(t.Context(), enrolled.Photos[0].ID))(t)
		if got := files(t, dir)[photo.Crop]; got != c.want {
			t.Errorf("%s has the crop %q, %q; want %q", c.image, photo.Crop, got, c.want)
		}
	}
}
