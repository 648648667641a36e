package face_test

import (
	"strconv"
	"testing"

	"lineup.dev/lineup/face-server/face"
)

// BenchmarkRecall fails where faces of 24 pixels up to a third of a full HD picture are
// not found where they were put, the large ones all, or too many are found where there
// are none.
func BenchmarkRecall(b *testing.B) {
	r := recogniserWith(b, face.Options{})
	people := heads(b, r)
	var all recall
	for i, width := range []int{24, 28, 32, 40, 56, 80, 112, 160, 220, 300} {
		b.Run(strconv.Itoa(width)+" pixels", func(b *testing.B) {
			var got recall
			for b.Loop() {
				got = inFullHD(b, r, people, uint64(i), width)
			}
			report(b, map[string]int{"put": got.put, "missed": got.missed, "others": got.others})
			all = recall{all.put + got.put, all.missed + got.missed, all.others + got.others}
			if got.missed*10 > got.put || width >= 100 && got.missed > 0 {
				b.Errorf("%d of %d faces are missed, want at most one in ten, and of 100 pixels none", got.missed, got.put)
			}
		})
	}
	if all.missed*100 > all.put*2 || all.others > 0 {
		b.Errorf("of %d faces %d are missed, want at most 2 %%; %d more are no faces, want none", all.put, all.missed, all.others)
	}
	thorough := recogniserWith(b, face.Options{Effort: face.Thorough})
	b.Run("nobody", func(b *testing.B) {
		const pictures = 100
		found := 0
		for b.Loop() {
			found = nobody(b, thorough, pictures)
		}
		report(b, map[string]int{"pictures": pictures, "found": found})
		if found > 1 {
			b.Errorf("%d faces in %d pictures without people, want at most 1", found, pictures)
		}
	})
	b.Run("upside down", func(b *testing.B) {
		upright, inverted := 0, 0
		for b.Loop() {
			upright, inverted = upsideDown(b, thorough, "*/*.jpg")
		}
		report(b, map[string]int{"upright": upright, "inverted": inverted})
		if upright < 30 || inverted*20 > upright {
			b.Errorf("%d faces are found upright, %d upside down; want at least 30, and at most one in twenty", upright, inverted)
		}
	})
}

func report(b *testing.B, metrics map[string]int) {
	b.Helper()
	b.ReportMetric(0, "ns/op")
	for name, value := range metrics {
		b.ReportMetric(float64(value), name)
	}
}
