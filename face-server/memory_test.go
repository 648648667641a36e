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
		{largePNG, 2, [][]byte{encoded(tb, func(b *bytes.Buffer) error { return png.Encode(b, paletted(6000, 4000)) })}},
		{"GIF", 80, [][]byte{encoded(tb, func(b *bytes.Buffer) error { return gif.Encode(b, paletted(800, 600), nil) })}},
		{"lossy WebP of 4 megapixels", 10, read("lossy.webp")},
		{"lossless WebP of 4 megapixels", 5, read("lossless.webp")},
		{"HEIC", 35, read("small.heic")},
		{"HEIC of 12 megapixels", 4, read("phone.heic")},
		{"AVIF", 30, read("small.avif")},
		{"AVIF of 12 megapixels", 2, read("phone.avif")},
		{"TIFF", 25, [][]byte{encoded(tb, func(b *bytes.Buffer) error { return tiff.Encode(b, grey, nil) })}},
		{"BMP", 25, [][]byte{encoded(tb, func(b *bytes.Buffer) error { return bmp.Encode(b, grey) })}},
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
	random := rand.New(rand.NewPCG(3, 4))
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
	p := lookAtMix(t, withSamples(t), 100)
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

// What docs/operations.md states of a face-server's memory, in bytes: of the program, with
// models and the decoders that run in a sandbox, and of a worker for each byte of
// MAX_DECODE_MEMORY, as pixels are also kept in halves of their size.
const (
	programMemory = 150 << 20
	thirds        = 4 // of MAX_DECODE_MEMORY
)

// found is how many faces a picture has, and whose are known.
type found struct {
	faces int
	known []string
}

// mustStayBelow looks at pictures, twice at each, with one worker, and fails when that
// takes more than is stated, or when others than these people are found in one of them.
func mustStayBelow(t *testing.T, maxDecodeMemory int64, pictures map[string][]byte, people map[string]found) {
	t.Helper()
	s := withSamples(t)
	s.ImagesURL = t.TempDir()
	p := startProcess(t, build(t), s, "WORKERS=1", fmt.Sprintf("MAX_DECODE_MEMORY=%d", maxDecodeMemory))
	for name, body := range pictures {
		testkit.Succeed(t, os.WriteFile(filepath.Join(s.ImagesURL, name), body, 0o600))
		rss.ResetPeakOf(t, p.PID)
		for range 2 {
			answer, err := p.whenReady(t, &facerecog.IdentifyRequest{ImagePath: name})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if want, known := people[name], named(answer); len(answer.Faces) != want.faces || !slices.Equal(known, want.known) {
				t.Errorf("%s: %d faces, of %v; want %v", name, len(answer.Faces), known, want)
			}
		}
		_, most := rss.Of(t, p.PID)
		stated := float64(programMemory+int64(len(body))+maxDecodeMemory*thirds/3) / 1e6
		t.Logf("%s: %.0f MB at most, %.0f are stated", name, most, stated)
		if most > stated {
			t.Errorf("%s takes %.0f MB, %.0f are stated", name, most, stated)
		}
	}
}

// A worker takes no more than is stated, with the default limits and the largest pictures
// that phones make, and one that is only just allowed.
func TestAWorkersPeakIsAsStated(t *testing.T) {
	pictures := largest(t)
	pictures["progressive.jpg"] = progressive(12_000, 7_400)
	for _, name := range []string{"phone.heic", "phone.avif"} {
		pictures[name] = testkit.Must(os.ReadFile(filepath.Join("testdata", name)))(t)
	}
	all := found{5, []string{"dana.jpg", "zara-2.jpg"}}
	mustStayBelow(t, 384<<20, pictures, map[string]found{"108mp.jpg": all, "panorama.jpg": all})
}

// Nor does it with other formats, of which each of these pictures is as large as may be.
func TestAWorkersPeakIsAsStatedForWhatIsHeldWhole(t *testing.T) {
	few := image.NewPaletted(image.Rect(0, 0, 4000, 4000), color.Palette{color.Black, color.White})
	see := image.NewNRGBA(image.Rect(0, 0, 3000, 3000))
	strip := see.SubImage(image.Rect(0, 0, 1700, 1700))
	pictures := map[string][]byte{
		"paletted.png":  encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, few) }),
		"clear.png":     encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, see) }),
		"paletted.gif":  encoded(t, func(b *bytes.Buffer) error { return gif.Encode(b, few, nil) }),
		"paletted.bmp":  encoded(t, func(b *bytes.Buffer) error { return bmp.Encode(b, few) }),
		"a strip.tiff":  encoded(t, func(b *bytes.Buffer) error { return tiff.Encode(b, strip, &tiff.Options{Compression: tiff.Deflate}) }),
		"lossless.webp": testkit.Must(os.ReadFile("testdata/lossless.webp"))(t),
	}
	mended := encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, see.SubImage(image.Rect(0, 0, 2000, 2000))) })
	pictures["without an end.png"] = mended[:len(mended)-12]
	mustStayBelow(t, 64<<20, pictures, nil)
}

// progressive is a progressive JPEG of an even grey: its only scan has
// the mean of each block, which is always the same (ISO/IEC 10918-1, annex G).
func progressive(width, height int) []byte {
	var b bytes.Buffer
	b.WriteString("\xff\xd8\xff\xdb\x00\x43\x00")
	b.Write(bytes.Repeat([]byte{1}, 64))
	b.Write([]byte{0xff, 0xc2, 0, 17, 8, byte(height >> 8), byte(height), byte(width >> 8), byte(width), 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0})
	b.WriteString("\xff\xc4\x00\x14\x00\x01")
	b.Write(make([]byte, 16)) // one code, of one bit, for no difference
	b.Write([]byte{0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 0, 0})
	units := (width + unit - 1) / unit * ((height + unit - 1) / unit)
	const blocks = 6 // of a unit, a bit each
	b.Write(make([]byte, (units*blocks+7)/8))
	b.WriteString("\xff\xd9")
	return b.Bytes()
}

// encoded is what encode writes.
func encoded(tb testing.TB, encode func(*bytes.Buffer) error) []byte {
	tb.Helper()
	var b bytes.Buffer
	testkit.Succeed(tb, encode(&b))
	return b.Bytes()
}
