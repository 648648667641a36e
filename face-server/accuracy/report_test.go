package accuracy

import (
	"math"
	"strings"
	"testing"

	"lineup.dev/lineup/pkg/match"
)

func TestReport(t *testing.T) {
	scores := sortedScores([]float32{.875, .75, .75, .25}, []float32{0, .125, .25, .5, .5})
	outcome := &Outcome{Known: 4, Recognised: 3, Mistaken: 1, Strangers: 8, Outsiders: 2}
	for name, c := range map[string]struct {
		report Report
		want   []string
		not    []string
	}{
		"a folder": {
			Report{Model: "m", Photos: 5, Covered: 2, Rule: match.Rule{Threshold: .5, Margin: .05}, Scores: scores, Outcome: outcome, Misses: []Miss{{"ann/2.jpg", "no face found"}}},
			[]string{
				"model m", "photos 5", "pairs 4 of one person, 5 of two",
				"covered 2 of the faces: 0.08 less similar here than they are",
				"ROC AUC 0.8750", // (5+5+5+2.5)/20
				"FPR at most 1e-2 0.7500 0.0000 0.62 as at FPR 0: fewer than 100 pairs of two",
				"FPR at most 1e-3 0.7500 0.0000 0.62 as at FPR 0: fewer than 1000 pairs of two",
				"FPR 0 0.7500 0.0000 0.62",
				"threshold now 0.7500 0.4000 0.50",
				"threshold proposed 0.7500 0.0000 0.62",
				"identification threshold 0.50, margin 0.05",
				"known people recognised 3 of 4 (75.0 %)",
				"given another's name 1 of 4 (25.0 %)",
				"strangers given a name 0 of 8 (0.0 %)",
				"(2 of nobody in the gallery, 6 with",
				"misses 1", "ann/2.jpg no face found",
				"No false pair among 5 says only that, at 95 % confidence, fewer than 60 % are false",
			},
			nil,
		},
		"pairs: nobody was looked for": {
			Report{Rule: match.Rule{Threshold: .5}, Scores: scores},
			[]string{"misses 0"},
			[]string{"identification", "strangers", "covered"},
		},
		"what the models state": {
			Report{Rule: match.Rule{Threshold: .5}, Scores: scores, Outcome: outcome, Galleries: []GalleryStated{{300, .49, .9, .01, [2]float64{.24, .0005}}, {10_000, .61, math.NaN(), .01, [2]float64{.17, .02}}}},
			[]string{"gallery of 300 photos 0.490 0.900 0.0100 0.240 0.0005", "gallery of 10000 photos 0.610 – 0.0100 0.170 0.0200"},
			nil,
		},
		"only pairs of two persons": {
			Report{Rule: match.Rule{Threshold: .5}, Scores: sortedScores(nil, []float32{.25, .5})},
			[]string{"ROC AUC –", "threshold now – 0.5000 0.50", "No threshold is proposed"},
			[]string{"NaN", "95 %"},
		},
		"only pairs of one person": {
			Report{Rule: match.Rule{Threshold: .5}, Scores: sortedScores([]float32{.25, .5}, nil)},
			[]string{"ROC AUC –", "threshold now 0.5000 – 0.50", "FPR 0 – – –", "No threshold is proposed"},
			[]string{"NaN"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var text strings.Builder
			if err := c.report.Print(&text); err != nil {
				t.Fatal(err)
			}
			var lines []string // with single spaces
			for line := range strings.Lines(text.String()) {
				lines = append(lines, strings.Join(strings.Fields(line), " "))
			}
			plain := strings.Join(lines, "\n")
			for _, want := range c.want {
				if !strings.Contains(plain, want) {
					t.Errorf("it does not say %q", want)
				}
			}
			for _, not := range c.not {
				if strings.Contains(plain, not) {
					t.Errorf("it says %q", not)
				}
			}
			if t.Failed() {
				t.Log(text.String())
			}
		})
	}
}
