package gallery_test

import (
	"math"
	"testing"

	"lineup.dev/lineup/face-server/gallery"
)

func TestDecide(t *testing.T) {
	rule := gallery.Rule{Threshold: 0.5, Margin: 0.25}
	for name, c := range map[string]struct {
		similarities []float32
		want         gallery.Decision
	}{
		"with an empty gallery nobody is known":            {nil, gallery.NobodyEnrolled},
		"the only person needs the threshold alone":        {[]float32{0.5}, gallery.Match},
		"below the threshold nobody is near":               {[]float32{0.49}, gallery.BelowThreshold},
		"at threshold and margin it is the first":          {[]float32{0.75, 0.5}, gallery.Match},
		"a second person as near makes it ambiguous":       {[]float32{0.75, 0.625}, gallery.Ambiguous},
		"below the threshold two are not ambiguous":        {[]float32{0.25, 0.25}, gallery.BelowThreshold},
		"a similarity that is no number is nobody's":       {[]float32{float32(math.NaN())}, gallery.BelowThreshold},
		"a third person plays no part":                     {[]float32{0.75, 0.25, 0.25}, gallery.Match},
		"even two that look exactly the same are no match": {[]float32{1, 1}, gallery.Ambiguous},
	} {
		t.Run(name, func(t *testing.T) {
			var candidates []gallery.Candidate
			for _, s := range c.similarities {
				candidates = append(candidates, gallery.Candidate{Similarity: s})
			}
			if got := rule.Decide(candidates); got != c.want {
				t.Errorf("decision is %v, want %v", got, c.want)
			}
		})
	}
}
