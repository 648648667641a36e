package face

import (
	"bytes"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/image/draw"

	"lineup.dev/lineup/local/deptest"
)

// noisy is a JPEG of 4000×3000 pixels and 3.7 MB, as a phone makes it: one face, a tenth
// of the width wide, and the noise of a sensor.
func noisy(b *testing.B) []byte {
	b.Helper()
	file, err := os.Open(filepath.Join(deptest.Samples(b), "pictures", "evening-out.jpg"))
	check(b, err)
	defer file.Close()
	whole, err := jpeg.Decode(file)
	check(b, err)
	photo := image.NewRGBA(image.Rect(0, 0, 4000, 3000))
	draw.CatmullRom.Scale(photo, photo.Rect, whole, image.Rect(565, 55, 1205, 535), draw.Src, nil)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range photo.Pix {
		photo.Pix[i] = byte(min(max(float64(photo.Pix[i])+7.6*random.NormFloat64(), 0), 255))
	}
	var body bytes.Buffer
	check(b, jpeg.Encode(&body, photo, &jpeg.Options{Quality: 92}))
	return body.Bytes()
}

// cpu reports the processor's time, too, which does not count what else the machine does.
func cpu(b *testing.B) (report func()) {
	used := func() float64 {
		var u syscall.Rusage
		check(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6
	}
	before := used()
	return func() { b.ReportMetric((used()-before)/float64(b.N), "cpu-ms/op") }
}

// BenchmarkLarge is a JPEG of 12 megapixels: the whole way, and its parts. That it is
// decoded again for the face is part of describe.
func BenchmarkLarge(b *testing.B) {
	body := noisy(b)
	for _, effort := range []Effort{Fast, Thorough} {
		r := openModels(b, Options{Effort: effort})
		b.Run(effort.String(), func(b *testing.B) {
			b.Run("whole", func(b *testing.B) {
				defer cpu(b)()
				for b.Loop() {
					found, err := r.Faces(b.Context(), r.decode(b, body))
					check(b, err)
					if len(found) != 1 {
						b.Fatalf("%d faces, want 1", len(found))
					}
				}
			})
			b.Run("decode", func(b *testing.B) {
				defer cpu(b)()
				for b.Loop() {
					r.decode(b, body)
				}
			})
			b.Run("decode and find", func(b *testing.B) {
				defer cpu(b)()
				for b.Loop() {
					found, _, err := r.find(b.Context(), r.decode(b, body))
					check(b, err)
					if len(found) != 1 {
						b.Fatalf("%d faces, want 1", len(found))
					}
				}
			})
			b.Run("detector alone", func(b *testing.B) {
				defer cpu(b)()
				for b.Loop() {
					r.finder.bare(b)
				}
			})
		})
	}
}
