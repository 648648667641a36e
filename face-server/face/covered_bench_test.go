package face

import (
	"bytes"
	"image"
	"image/draw"
	"image/jpeg"
	"testing"

	"lineup.dev/lineup/face-server/accuracy"
	"lineup.dev/lineup/local/deptest"
)

// maskedPortrait is the portrait with a mask drawn over its face.
func maskedPortrait(b *testing.B, r *Recogniser) []byte {
	b.Helper()
	plain := portrait(b)
	found, err := r.Faces(b.Context(), r.decode(b, plain))
	if err != nil || len(found) != 1 {
		b.Fatalf("%d faces, error %v; want 1", len(found), err)
	}
	decoded, err := jpeg.Decode(bytes.NewReader(plain))
	check(b, err)
	img := image.NewRGBA(decoded.Bounds())
	draw.Draw(img, img.Rect, decoded, image.Point{}, draw.Src)
	box := found[0].Box.scaled(float64(img.Rect.Dx()), float64(img.Rect.Dy()))
	around := image.Rect(int(box.X), int(box.Y), int(box.X+box.Width), int(box.Y+box.Height))
	for _, condition := range accuracy.Conditions() {
		if condition.Name == "mask, white" {
			img = condition.Draw(img, around)
		}
	}
	var body bytes.Buffer
	check(b, jpeg.Encode(&body, img, &jpeg.Options{Quality: 88}))
	return body.Bytes()
}

// BenchmarkCovered fails where a picture of 640×480 takes longer than it may for covered faces
// being looked for: one with a covered face in place of one with a face that is not, others than
// the same without the search.
func BenchmarkCovered(b *testing.B) {
	with := openModels(b, Options{})
	models, err := Open(deptest.Models(b), Options{})
	check(b, err)
	b.Cleanup(func() { models.Close() })
	models.Covered = nil
	without, err := models.NewRecogniser()
	check(b, err)
	b.Cleanup(without.Close)
	plain, nobody := portrait(b), cut(b, "phone.jpg", image.Rect(0, 0, 820, 614), 640, 480)
	for name, c := range map[string]struct {
		body, before []byte
		faces        int
		times        float64
	}{
		"one undoubted face": {plain, plain, 1, 1.05},
		"one with a mask":    {maskedPortrait(b, with), plain, 1, 2.5},
		"nobody":             {nobody, nobody, 0, 2.5},
	} {
		b.Run(name, func(b *testing.B) {
			look := func(r *Recogniser, body []byte) func() {
				return func() {
					found, err := r.Faces(b.Context(), r.decode(b, body))
					check(b, err)
					if len(found) != c.faces {
						b.Fatalf("%d faces, want %d", len(found), c.faces)
					}
				}
			}
			took := least(b, look(with, c.body), look(without, c.before))
			within(b, took[0], took[1], c.times)
		})
	}
}
