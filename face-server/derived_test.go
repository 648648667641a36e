package main

import (
	"bytes"
	"image/jpeg"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	facerecog "lineup.dev/lineup/proto"
)

// checkDerived decodes a derived picture of no more bytes and pixels than that.
func checkDerived(t *testing.T, what string, body []byte, most, side int) {
	t.Helper()
	config, err := jpeg.DecodeConfig(bytes.NewReader(body))
	if err != nil || len(body) > most || max(config.Width, config.Height) > side {
		t.Errorf("%s: %d bytes of %d×%d pixels, error %v; want a JPEG of %d bytes and %d pixels at most", what, len(body), config.Width, config.Height, err, most, side)
	}
	if bytes.Contains(body, []byte("Exif")) || bytes.Contains(body, []byte("ICC_PROFILE")) {
		t.Errorf("%s has metadata", what)
	}
}

func TestDerivedPicturesComeWithAnAnswer(t *testing.T) {
	s := withSamples(t)
	s.MaxPicture, s.MaxPixels, s.MaxDecodeMemory = 1<<24, 1<<26, 1<<28
	client := facerecog.NewIdentifyClient(startReady(t, s))
	pictures, err := filepath.Glob(filepath.Join(deptest.Samples(t), "pictures", "*"))
	if err != nil || len(pictures) == 0 {
		t.Fatal(pictures, err)
	}
	for _, path := range append(pictures, filepath.Join("picture", "testdata", "grid.heic")) {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		response, err := client.Identify(t.Context(), &facerecog.IdentifyRequest{Image: body, Derived: true})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		checkDerived(t, "thumbnail of "+name, response.Thumbnail, 15<<10, 320)
		for _, f := range response.Faces {
			checkDerived(t, "crop of "+name, f.Crop, 5<<10, 160)
		}
		if filepath.Ext(name) == ".heic" {
			checkDerived(t, "large of "+name, response.Large, 1<<20, 1600)
		} else if response.Large != nil {
			t.Errorf("%s, which browsers show, has a large one", name)
		}
		if name != "dana.jpg" && filepath.Ext(name) != ".heic" { // one of each kind that is made
			continue
		}
		plain, err := client.Identify(t.Context(), &facerecog.IdentifyRequest{Image: body})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if plain.Thumbnail != nil || plain.Large != nil || len(plain.Faces) > 0 && plain.Faces[0].Crop != nil {
			t.Errorf("%s: derived pictures that nobody asked for", name)
		}
	}
}

func TestDerivedPicturesOfAPhoto(t *testing.T) {
	s := withSamples(t)
	client := facerecog.NewGalleryClient(startReady(t, s))
	p, err := client.Describe(t.Context(), &facerecog.DescribeRequest{ImageName: "dana.jpg", Derived: true})
	if err != nil || len(p.Faces) != 1 {
		t.Fatalf("%v, %v", p, err)
	}
	checkDerived(t, "thumbnail", p.Thumbnail, 15<<10, 320)
	checkDerived(t, "crop", p.Faces[0].Face.Crop, 5<<10, 160)
	if p, err = client.Describe(t.Context(), &facerecog.DescribeRequest{ImageName: "dana.jpg"}); err != nil || p.Thumbnail != nil || p.Faces[0].Face.Crop != nil {
		t.Errorf("not asked for: %v, %v", p, err)
	}
}

// BenchmarkDerived tells by how much the CPU time of a picture grows with derived pictures,
// by turns without and with them.
func BenchmarkDerived(b *testing.B) {
	for _, name := range []string{"dana.jpg", "four-friends.jpg", "evening-out.jpg"} {
		body, err := os.ReadFile(filepath.Join(deptest.Samples(b), "pictures", name))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			s := forTests(b)
			s.MaxPixels, s.MaxDecodeMemory = 1<<26, 1<<28
			server := newTestServer(b, s)
			var spent [2]time.Duration
			for b.Loop() {
				for i, made := range []*derived{nil, new(derived)} {
					before := processorTime(b)
					if _, err := server.identify(b.Context(), body, made); err != nil {
						b.Fatal(err)
					}
					spent[i] += processorTime(b) - before
				}
			}
			without, with := spent[0].Seconds(), spent[1].Seconds()
			b.ReportMetric(without/float64(b.N)*1e3, "ms-without")
			b.ReportMetric((with-without)/float64(b.N)*1e3, "ms-more")
			b.ReportMetric((with/without-1)*100, "%-more")
		})
	}
}

// processorTime is what this process took so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
