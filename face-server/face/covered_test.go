package face_test

import (
	"image"
	"path/filepath"
	"testing"

	"golang.org/x/image/draw"

	"lineup.dev/lineup/face-server/accuracy"
	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/local/deptest"
)

// A face with a mask over it is found, and said to be occluded; one without is not.
func TestFindsFacesWithMasks(t *testing.T) {
	t.Parallel()
	r := recogniserWith(t, face.Options{})
	found, people := 0, 0
	for _, h := range heads(t, r) {
		img := scene(7, 640, 480)
		box := h.put(img, 200, 100, 110)
		for _, f := range faces(t, r, picture.New(img)) {
			if f.Occluded && anyIs([]face.Face{f}, box, img.Rect) {
				t.Errorf("%s: not covered, but said to be", h.name)
			}
		}
		people++
		for _, f := range faces(t, r, picture.New(mask(t, img, box))) {
			if f.Occluded && len(f.Embedding) > 0 && anyIs([]face.Face{f}, box, img.Rect) {
				found++
				break
			}
		}
	}
	if found*4 < people*3 {
		t.Errorf("of %d faces with a mask %d are found, want three quarters", people, found)
	}
}

// mask draws one over the face in the box.
func mask(t *testing.T, img *image.RGBA, box image.Rectangle) *image.RGBA {
	t.Helper()
	for _, condition := range accuracy.Conditions() {
		if condition.Name == "mask, white" {
			return condition.Draw(img, box)
		}
	}
	t.Fatal("there is no mask to draw")
	return nil
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
