package face

import (
	"bytes"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"
	"time"

	ort "github.com/yalue/onnxruntime_go"
	"golang.org/x/image/draw"

	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/local/deptest"
)

// cut is a JPEG of a part of a sample picture, scaled to width × height.
func cut(b *testing.B, name string, part image.Rectangle, width, height int) []byte {
	b.Helper()
	file, err := os.Open(filepath.Join(deptest.Samples(b), "pictures", name))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	whole, err := jpeg.Decode(file)
	if err != nil {
		b.Fatal(err)
	}
	scaled := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.CatmullRom.Scale(scaled, scaled.Rect, whole, part, draw.Src, nil)
	var body bytes.Buffer
	if err := jpeg.Encode(&body, scaled, &jpeg.Options{Quality: 88}); err != nil {
		b.Fatal(err)
	}
	return body.Bytes()
}

// portrait is a JPEG of one face, 640×480.
func portrait(b *testing.B) []byte {
	return cut(b, "evening-out.jpg", image.Rect(565, 55, 1205, 535), 640, 480)
}

// stairs is a JPEG of four faces, 1920×1080.
func stairs(b *testing.B) []byte {
	return cut(b, "on-the-stairs.jpg", image.Rect(0, 0, 1800, 1012), 1920, 1080)
}

func openModels(b *testing.B, with Options) *Recogniser {
	b.Helper()
	models, err := Open(deptest.Models(b), with)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { models.Close() })
	r, err := models.NewRecogniser()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(r.Close)
	return r
}

// decode decodes as the server does, no larger than the recogniser needs.
func (r *Recogniser) decode(b *testing.B, body []byte) *picture.Picture {
	p, err := picture.Decode(b.Context(), body, picture.Limits{Pixels: 1 << 24, Memory: 1 << 28, Frames: 1, Detail: r.Detail})
	if err != nil {
		b.Fatal(err)
	}
	return p
}

func check(b *testing.B, err error) {
	if err != nil {
		b.Fatal(err)
	}
}

// bare runs a network as it is, on what its input holds.
func (r *runner) bare(b *testing.B) {
	var outs []ort.Value
	for _, out := range r.outs {
		outs = append(outs, out)
	}
	check(b, r.runSession(outs))
}

// least is the shortest time that each of several things takes. They take turns, so
// that whatever else the machine does slows them all.
func least(b *testing.B, things ...func()) []time.Duration {
	shortest := make([]time.Duration, len(things))
	for round := 0; round < 40 || b.Loop(); round++ {
		for i, thing := range things {
			start := time.Now()
			thing()
			if took := time.Since(start); shortest[i] == 0 || took < shortest[i] {
				shortest[i] = took
			}
		}
	}
	return shortest
}

// BenchmarkBounds fails where a picture takes longer than it may, measured against
// what it is made of.
func BenchmarkBounds(b *testing.B) {
	b.Run("640x480 of one face against decoding and bare networks", func(b *testing.B) {
		r, body := openModels(b, Options{}), portrait(b)
		took := least(b,
			func() {
				found, err := r.Faces(b.Context(), r.decode(b, body))
				check(b, err)
				if len(found) != 1 {
					b.Fatalf("%d faces, want 1", len(found))
				}
			},
			func() { r.decode(b, body) },
			func() { r.finder.bare(b) },
			func() { r.landmarkRunner.bare(b) },
			func() { r.embedderRunner.bare(b) },
		)
		within(b, took[0], took[1]+took[2]+took[3]+took[4], 1.3)
	})
	b.Run("1920x1080 thorough against fast", func(b *testing.B) {
		fast, thorough, body := openModels(b, Options{Effort: Fast}), openModels(b, Options{Effort: Thorough}), stairs(b)
		whole := func(r *Recogniser) func() {
			return func() {
				found, err := r.Faces(b.Context(), r.decode(b, body))
				check(b, err)
				if len(found) != 4 {
					b.Fatalf("%d faces, want 4", len(found))
				}
			}
		}
		took := least(b, whole(thorough), whole(fast))
		within(b, took[0], took[1], 2.5)
	})
}

// BenchmarkRotations fails where a picture without people takes longer than it may for
// being looked at the other ways up.
func BenchmarkRotations(b *testing.B) {
	for effort, times := range map[Effort]float64{Fast: 4, Thorough: 1.3} {
		b.Run(effort.String(), func(b *testing.B) {
			off, on := openModels(b, Options{Effort: effort}), openModels(b, Options{Effort: effort, Rotations: true})
			body := cut(b, "phone.jpg", image.Rect(0, 0, 820, 614), 1600, 1200)
			look := func(r *Recogniser) func() {
				return func() {
					found, err := r.Faces(b.Context(), r.decode(b, body))
					check(b, err)
					if len(found) != 0 {
						b.Fatalf("%d faces, want none", len(found))
					}
				}
			}
			took := least(b, look(on), look(off))
			within(b, took[0], took[1], times)
		})
	}
}

func within(b *testing.B, got, of time.Duration, times float64) {
	b.Helper()
	ratio := got.Seconds() / of.Seconds()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(got.Seconds()*1000, "ms")
	b.ReportMetric(of.Seconds()*1000, "ms-of")
	b.ReportMetric(ratio, "times")
	if ratio > times {
		b.Errorf("%v is %.2f times %v, may be %v times", got, ratio, of, times)
	}
}

// BenchmarkPicture is a 640×480 JPEG of one face on one thread: the whole way, its
// steps, and in each the network alone.
func BenchmarkPicture(b *testing.B) {
	r, body := openModels(b, Options{}), portrait(b)
	p := r.decode(b, body)
	faces, _, err := r.find(b.Context(), p)
	if err != nil || len(faces) != 1 {
		b.Fatalf("%d faces, error %v; want 1", len(faces), err)
	}
	box, points := faces[0].box, faces[0].landmarks
	b.Run("whole", func(b *testing.B) {
		for b.Loop() {
			_, err := r.Faces(b.Context(), r.decode(b, body))
			check(b, err)
		}
	})
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			r.decode(b, body)
		}
	})
	b.Run("detect", func(b *testing.B) {
		for b.Loop() {
			_, err := r.detect(p, r.Detector.whole(p.Width, p.Height))
			check(b, err)
		}
	})
	b.Run("landmarks", func(b *testing.B) {
		for b.Loop() {
			_, err := r.landmark(p, box)
			check(b, err)
		}
	})
	b.Run("embed", func(b *testing.B) {
		for b.Loop() {
			_, err := r.embed(p, detection{landmarks: points})
			check(b, err)
		}
	})
	for name, runner := range map[string]*runner{"detector": r.finder.runner, "landmarks": r.landmarkRunner, "embedder": r.embedderRunner} {
		b.Run("network "+name, func(b *testing.B) {
			for b.Loop() {
				runner.bare(b)
			}
		})
	}
}
