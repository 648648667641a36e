package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lineup.dev/lineup/local/deptest"
	facerecog "lineup.dev/lineup/proto"
)

// What of a damaged file cannot be seen is said wherever it is looked at: by bytes, by
// path, as a photo to be enrolled or that is, and by the command.
func TestADamagedPictureIsLookedAtWithAWarning(t *testing.T) {
	s := forTests(t)
	whole, err := os.ReadFile(filepath.Join(deptest.Samples(t), "pictures", "dana.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	cut := whole[:len(whole)*95/100]
	write(t, filepath.Join(s.ImagesURL, "cut.jpg"), cut)
	write(t, filepath.Join(s.KnownPeople, "dana_1.jpg"), cut)
	connection := startReady(t, s)
	identify, photos := facerecog.NewIdentifyClient(connection), facerecog.NewGalleryClient(connection)
	const missing = "of the picture is missing"
	for name, request := range map[string]*facerecog.IdentifyRequest{"bytes": {Image: cut}, "a path": {ImagePath: "cut.jpg"}} {
		answer, err := identify.Identify(t.Context(), request)
		if err != nil || len(answer.Faces) != 1 || answer.ImageName != "dana_1.jpg" || !strings.Contains(answer.Warning, missing) {
			t.Errorf("%s: %v, %v; want Dana, with a warning", name, answer, err)
		}
	}
	if answer, err := identify.Identify(t.Context(), &facerecog.IdentifyRequest{Image: whole}); err != nil || answer.Warning != "" {
		t.Errorf("a picture that is whole: %q, %v", answer.GetWarning(), err)
	}
	for name, ask := range map[string]func() (*facerecog.Photo, error){
		"check": func() (*facerecog.Photo, error) {
			return photos.Check(t.Context(), &facerecog.IdentifyRequest{Image: cut})
		},
		"describe": func() (*facerecog.Photo, error) {
			return photos.Describe(t.Context(), &facerecog.DescribeRequest{ImageName: "dana_1.jpg"})
		},
	} {
		if photo, err := ask(); err != nil || !photo.Usable || !strings.Contains(photo.Advice, missing) {
			t.Errorf("%s: %v, %v; want it usable, with a warning", name, photo, err)
		}
	}
	var out, errs bytes.Buffer
	code := identifyFiles(t.Context(), s, slog.New(slog.DiscardHandler), []string{filepath.Join(s.ImagesURL, "cut.jpg")}, &out, &errs)
	if code != everyoneKnown || !strings.Contains(out.String(), "matched id: dana_1.jpg") || !strings.Contains(errs.String(), "cut.jpg: ") || !strings.Contains(errs.String(), missing) {
		t.Errorf("the command: %d, %q, %q", code, out.String(), errs.String())
	}
}
