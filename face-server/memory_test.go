package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"lineup.dev/lineup/local/rss"
	"lineup.dev/lineup/local/testkit"
	facerecog "lineup.dev/lineup/proto"
)

// atRest is the most, in MB of 1,000,000 bytes, that a face-server holds when it has
// nothing to do, whatever it looked at before: what docs/operations.md states.
const atRest = 200

// kind is pictures of one kind, and how many of a thousand are of it.
type kind struct {
	name   string
	share  int
	bodies [][]byte
}

// largePNG is the kind of mix that takes most memory.
const largePNG = "PNG of 24 megapixels"

// mix is pictures of every kind. Most are small: one of the large takes as long as a
// hundred of those.
func mix(tb testing.TB) []kind {
	tb.Helper()
	var small, larger, cut [][]byte
	for _, body := range samplePictures(tb) {
		if config := testkit.Must(jpeg.DecodeConfig(bytes.NewReader(body)))(tb); config.Width*config.Height > 500_000 {
			larger = append(larger, body)
			continue
		}
		small, cut = append(small, body), append(cut, body[:len(body)*3/4])
	}
	encoded := func(encode func(*bytes.Buffer) error) [][]byte {
		var b bytes.Buffer
		testkit.Succeed(tb, encode(&b))
		return [][]byte{b.Bytes()}
	}
	read := func(name string) [][]byte {
		return [][]byte{testkit.Must(os.ReadFile(filepath.Join("testdata", name)))(tb)}
	}
	paletted := func(width, height int) *image.Paletted {
		return image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.Black, color.White})
	}
	grey := image.NewRGBA(image.Rect(0, 0, 800, 600))
	return []kind{
		{"JPEG", 470, small},
		{"JPEG of 1 or 2 megapixels", 30, larger},
		{"JPEG of 50 megapixels", 10, [][]byte{photographed(tb, 8192, 6144, 2048, pasted{"dana.jpg", image.Rect(4200, 2200, 5033, 3200)})}},
		{"JPEG that is cut off", 100, cut},
		{"PNG", 170, [][]byte{blank(tb, 800, 600)}},
		{largePNG, 2, encoded(func(b *bytes.Buffer) error { return png.Encode(b, paletted(6000, 4000)) })},
		{"GIF", 80, encoded(func(b *bytes.Buffer) error { return gif.Encode(b, paletted(800, 600), nil) })},
		{"lossy WebP of 4 megapixels", 10, read("lossy.webp")},
		{"lossless WebP of 4 megapixels", 5, read("lossless.webp")},
		{"HEIC", 35, read("small.heic")},
		{"HEIC of 12 megapixels", 4, read("phone.heic")},
		{"AVIF", 30, read("small.avif")},
		{"AVIF of 12 megapixels", 2, read("phone.avif")},
		{"TIFF", 25, encoded(func(b *bytes.Buffer) error { return tiff.Encode(b, grey, nil) })},
		{"BMP", 25, encoded(func(b *bytes.Buffer) error { return bmp.Encode(b, grey) })},
		{"no picture", 2, [][]byte{bomb(tb, image.Pt(50_000, 50_000)), []byte("who is it?")}},
	}
}

// writeMix writes the mix into a folder, and gives count paths of it, of each kind one at
// least, in a random order that is the same each time, and last what takes most memory.
func writeMix(tb testing.TB, folder string, count int) (paths []string) {
	tb.Helper()
	for _, k := range mix(tb) {
		for i := range max(k.share*count/1000, 1) {
			name := fmt.Sprintf("%s %d", k.name, i%len(k.bodies))
			if i < len(k.bodies) {
				testkit.Succeed(tb, os.WriteFile(filepath.Join(folder, name), k.bodies[i], 0o600))
			}
			paths = append(paths, name)
		}
	}
	random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the same order each time
	random.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
	return append(paths, largePNG+" 0", largePNG+" 0")
}

// lookAtMix lets a face-server with two workers look at so many pictures of the mix, two
// at a time.
func lookAtMix(tb testing.TB, s settings, count int) process {
	tb.Helper()
	s.ImagesURL = tb.TempDir()
	paths := writeMix(tb, s.ImagesURL, count)
	p := startProcess(tb, build(tb), s, "WORKERS=2")
	if _, err := p.whenReady(tb, &facerecog.IdentifyRequest{ImagePath: paths[0]}); status.Code(err) != codes.OK && status.Code(err) != codes.InvalidArgument {
		tb.Fatal(err)
	}
	var callers sync.WaitGroup
	for caller := range 2 {
		callers.Go(func() {
			for i := caller; i < len(paths); i += 2 {
				_, err := p.Identify(tb.Context(), &facerecog.IdentifyRequest{ImagePath: paths[i]})
				if code := status.Code(err); code != codes.OK && code != codes.InvalidArgument {
					tb.Errorf("%s: %v", paths[i], err)
					return
				}
			}
		})
	}
	callers.Wait()
	return p
}

func TestMemoryAtRest(t *testing.T) {
	p := lookAtMix(t, withSamples(t), 200)
	testkit.Eventually(t, patience, fmt.Sprintf("no more than %d MB are held", atRest), func() bool {
		now, _ := rss.Of(t, p.PID)
		return now <= atRest
	})
	now, most := rss.Of(t, p.PID)
	t.Logf("%.0f MB at rest, %.0f at most", now, most)
}

// BenchmarkMemoryAtRest is TestMemoryAtRest with 10,000 pictures: minutes. It tells what
// is held afterwards, and what was at most.
func BenchmarkMemoryAtRest(b *testing.B) {
	for b.Loop() {
		p := lookAtMix(b, withSamples(b), 10_000)
		var rest, most float64
		testkit.Eventually(b, patience, fmt.Sprintf("no more than %d MB are held", atRest), func() bool {
			rest, most = rss.Of(b, p.PID)
			return rest <= atRest
		})
		p.Kill()
		b.ReportMetric(rest, "rest-MB")
		b.ReportMetric(most, "peak-MB")
	}
	b.ReportMetric(0, "ns/op")
}

// largest are the largest photos of phones: of 108 megapixels, and a panorama.
func largest(tb testing.TB) map[string][]byte {
	tb.Helper()
	return map[string][]byte{
		"108mp.jpg": photographed(tb, 12_000, 9_000, 2000,
			pasted{"four-friends.jpg", image.Rect(4100, 3000, 7900, 5130)},
			pasted{"dana.jpg", image.Rect(8200, 5200, 9864, 7200)}),
		"panorama.jpg": photographed(tb, 16_382, 3_628, 2048,
			pasted{"four-friends.jpg", image.Rect(2100, 1500, 5900, 3630)},
			pasted{"dana.jpg", image.Rect(12_300, 1700, 12_900, 2400)}),
	}
}

func TestTheLargestPhotosAreLookedAt(t *testing.T) {
	s := withSamples(t)
	s.ImagesURL = t.TempDir()
	for name, body := range largest(t) {
		testkit.Succeed(t, os.WriteFile(filepath.Join(s.ImagesURL, name), body, 0o600))
	}
	p := startProcess(t, build(t), s, "WORKERS=1")
	for _, name := range []string{"108mp.jpg", "panorama.jpg"} {
		answer, err := p.whenReady(t, &facerecog.IdentifyRequest{ImagePath: name})
		if err != nil {
			t.Fatal(err)
		}
		if names := named(answer); len(answer.Faces) != 5 || !slices.Equal(names, []string{"dana.jpg", "zara-2.jpg"}) {
			t.Errorf("%s: %d faces, of %v", name, len(answer.Faces), names)
		}
		now, most := rss.Of(t, p.PID)
		t.Logf("%s: %.0f at most, %.0f after", name, most, now)
	}
}
