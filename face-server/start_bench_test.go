package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/local/child"
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
	program := filepath.Join(b.TempDir(), "face-server")
	if out, err := exec.CommandContext(b.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
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
	command := exec.Command(program)
	command.Env = append(os.Environ(), "HOST=127.0.0.1", "PORT=0", "MODELS="+s.Models, "KNOWN_PEOPLE="+s.KnownPeople, "IMAGES_URL="+s.ImagesURL)
	logs, err := command.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	process, err := child.Start(command)
	if err != nil {
		b.Fatal(err)
	}
	defer process.Kill()
	connection, err := grpc.NewClient(listensAt(b, logs), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	defer connection.Close()
	client := facerecog.NewIdentifyClient(connection)
	for {
		answer, err := client.Identify(b.Context(), &facerecog.IdentifyRequest{Image: picture})
		if status.Code(err) == codes.ResourceExhausted { // the gallery is being read
			time.Sleep(time.Millisecond)
			continue
		}
		took := time.Since(start)
		if err != nil || len(answer.Faces) != 1 || answer.Faces[0].Similarity == nil {
			b.Fatalf("answer %v, error %v; want a face compared with the gallery", answer, err)
		}
		return took
	}
}

// listensAt reads from a program's logs where it listens.
func listensAt(b *testing.B, logs io.Reader) (address string) {
	b.Helper()
	var logged bytes.Buffer
	lines := bufio.NewScanner(io.TeeReader(logs, &logged))
	for lines.Scan() {
		var line struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
			return line.Address
		}
	}
	b.Fatalf("it does not listen; it logged: %s", logged.Bytes())
	return ""
}
