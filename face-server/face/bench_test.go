package face

import (
	"bytes"
	"image"
	"image/draw"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"lineup/face-server/picture"
	"lineup/local/realparts"

	ort "github.com/yalue/onnxruntime_go"
)

// portrait is a JPEG of one face, 640×480.
func portrait(b *testing.B) []byte {
	b.Helper()
	file, err := os.Open(filepath.Join(realparts.Samples(b), "pictures", "evening-out.jpg"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	three, err := jpeg.Decode(file)
	if err != nil {
		b.Fatal(err)
	}
	one := image.NewRGBA(image.Rect(0, 0, 640, 480))
	draw.Draw(one, one.Rect, three, image.Pt(565, 55), draw.Src)
	var body bytes.Buffer
	if err := jpeg.Encode(&body, one, &jpeg.Options{Quality: 88}); err != nil {
		b.Fatal(err)
	}
	return body.Bytes()
}

func decode(b *testing.B, body []byte) *picture.Picture {
	p, err := picture.Decode(b.Context(), body, 1<<20)
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// BenchmarkPicture is a 640×480 JPEG of one face on one thread: the whole way, its
// steps, and in each the network alone.
func BenchmarkPicture(b *testing.B) {
	models, err := Open(realparts.Models(b))
	if err != nil {
		b.Fatal(err)
	}
	defer models.Close()
	r, err := models.NewRecogniser()
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	body := portrait(b)
	p := decode(b, body)
	found, err := r.detect(p)
	if err != nil || len(found) != 1 {
		b.Fatalf("%d faces, error %v; want 1", len(found), err)
	}
	box := found[0].Box

	check := func(b *testing.B, err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	b.Run("whole", func(b *testing.B) {
		for b.Loop() {
			_, err := r.Faces(b.Context(), decode(b, body))
			check(b, err)
		}
	})
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			decode(b, body)
		}
	})
	b.Run("detect", func(b *testing.B) {
		for b.Loop() {
			_, err := r.detect(p)
			check(b, err)
		}
	})
	b.Run("landmark", func(b *testing.B) {
		for b.Loop() {
			_, err := r.landmark(p, box)
			check(b, err)
		}
	})
	b.Run("landmark and describe", func(b *testing.B) {
		for b.Loop() {
			_, err := r.describe(p, box)
			check(b, err)
		}
	})
	for name, run := range map[string]*run{"detector": r.detecting, "landmarks": r.landmarking, "embedder": r.embedding} {
		b.Run("network "+name, func(b *testing.B) {
			var outs []ort.Value
			for _, out := range run.outs {
				outs = append(outs, out)
			}
			for b.Loop() {
				check(b, run.session.Run([]ort.Value{run.in}, outs))
			}
		})
	}
}
