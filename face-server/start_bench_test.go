package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/local/deptest"
	facerecog "lineup.dev/lineup/proto"
)

// BenchmarkStart builds face-server and starts it, with a gallery of 1,000 photos that
// are described, until it has answered who is in a picture of one face. Beside the
// median it prints the shortest.
func BenchmarkStart(b *testing.B) {
	const count = 1000
	s := forTests(b)
	s.MaxPixels = 50_000_000
	enrol(b, s, count)
	program := build(b)
	picture, err := os.ReadFile(filepath.Join(deptest.Samples(b), "pictures", "dana.jpg"))
	if err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	for len(took) < 10 || b.Loop() {
		took = append(took, s.firstAnswer(b, program, picture))
	}
	slices.Sort(took)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "ms-to-first-answer")
	b.ReportMetric(took[0].Seconds()*1000, "ms-shortest")
}

// enrol puts photos into the gallery, and beside them the descriptions of made-up
// faces. That they are no pictures no one sees who finds them described.
func enrol(b *testing.B, s settings, count int) {
	b.Helper()
	for i := range count {
		if err := os.WriteFile(filepath.Join(s.KnownPeople, fmt.Sprintf("person-%d.jpg", i)), fmt.Append(nil, i), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	e, err := newEngine(s, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	defer e.close()
	g := gallery.New(e.people, func(context.Context, []byte) ([]gallery.Face, string, error) {
		embedding := make([]float32, e.models.Embedder.Length)
		embedding[rand.IntN(len(embedding))] = 1
		return []gallery.Face{{
			Face:    face.Face{Box: face.Box{Width: 1, Height: 1}, Embedding: embedding},
			Quality: gallery.Quality{Width: 100, Light: 0.5, Sharpness: 0.2},
		}}, "", nil
	}, e.gallery.Options, slog.New(slog.DiscardHandler))
	if err := g.Read(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// firstAnswer is the time from the program's start until it has answered.
func (s settings) firstAnswer(b *testing.B, program string, picture []byte) time.Duration {
	b.Helper()
	start := time.Now()
	process := startProcess(b, program, s)
	defer process.Kill()
	answer, err := process.whenReady(b, &facerecog.IdentifyRequest{Image: picture})
	took := time.Since(start)
	if err != nil || len(answer.Faces) != 1 || answer.Faces[0].Similarity == nil {
		b.Fatalf("answer %v, error %v; want a face compared with the gallery", answer, err)
	}
	return took
}
