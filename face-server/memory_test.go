package main

import (
	"image"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"lineup.dev/lineup/local/rss"
	"lineup.dev/lineup/local/testkit"
	facerecog "lineup.dev/lineup/proto"
)

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
	folder := t.TempDir()
	s.ImagesURL = folder
	for name, body := range largest(t) {
		testkit.Succeed(t, os.WriteFile(filepath.Join(folder, name), body, 0o600))
	}
	p := startProcess(t, build(t), s, "WORKERS=1")
	for _, name := range []string{"108mp.jpg", "panorama.jpg"} {
		rss.ResetPeakOf(t, p.PID)
		before, _ := rss.Of(t, p.PID)
		answer, err := p.whenReady(t, &facerecog.IdentifyRequest{ImagePath: name})
		if err != nil {
			t.Fatal(err)
		}
		now, most := rss.Of(t, p.PID)
		t.Logf("%s: %.0f MB before, %.0f at most, %.0f after", name, before, most, now)
		names := named(answer)
		if len(answer.Faces) != 5 || !slices.Equal(names, []string{"dana.jpg", "zara-2.jpg"}) {
			t.Errorf("%s: %d faces, of %v", name, len(answer.Faces), names)
		}
	}
}
