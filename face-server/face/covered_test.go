package face_test

import (
	"image"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/draw"

	"lineup.dev/lineup/face-server/accuracy"
	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/local/deptest"
)

// A face with a mask over it is found, whatever the mask's colour, and said to be occluded; one
// without is not.
func TestFindsFacesWithMasks(t *testing.T) {
	t.Parallel()
	r := recogniserWith(t, face.Options{})
	masks := masks(t)
	found, worn := 0, 0
	for _, h := range heads(t, r) {
		img := scene(7, 640, 480)
		box := h.put(img, 200, 100, 110)
		for _, f := range faces(t, r, picture.New(img)) {
			if f.Occluded && anyIs([]face.Face{f}, box, img.Rect) {
				t.Errorf("%s: not covered, but said to be", h.name)
			}
		}
		for _, mask := range masks {
			worn++
			for _, f := range faces(t, r, picture.New(mask.Draw(img, box))) {
				if f.Occluded && len(f.Embedding) > 0 && anyIs([]face.Face{f}, box, img.Rect) {
					found++
					break
				}
			}
		}
	}
	if found*4 < worn*3 {
		t.Errorf("of %d faces with a mask %d are found, want three quarters", worn, found)
	}
}

// masks are the conditions that draw one.
func masks(t *testing.T) (all []accuracy.Condition) {
	t.Helper()
	for _, condition := range accuracy.Conditions() {
		if strings.HasPrefix(condition.Name, "mask, ") {
			all = append(all, condition)
		}
	}
	if len(all) < 3 {
		t.Fatalf("%d masks to draw, want some colours and patterns", len(all))
	}
	return all
}

// Models that say nothing of covered faces find none.
func TestCoveredFacesAreTheModelsChoice(t *testing.T) {
	models := openWith(t, face.Options{})
	models.Covered = nil
	r := recogniser(t, models)
	paths, err := filepath.Glob(filepath.Join(deptest.Samples(t), "people", "*.jpg"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d photos, error %v", len(paths), err)
	}
	img := rgba(load(t, paths[0]))
	b := faces(t, r, picture.New(img))[0].Box
	w, h := float64(img.Rect.Dx()), float64(img.Rect.Dy())
	draw.Draw(img, image.Rect(int(b.X*w), int((b.Y+b.Height*.55)*h), int((b.X+b.Width)*w), int((b.Y+b.Height)*h)), image.Black, image.Point{}, draw.Src)
	if found := faces(t, r, picture.New(img)); len(found) > 0 {
		t.Errorf("%d faces are found, want none", len(found))
	}
}
