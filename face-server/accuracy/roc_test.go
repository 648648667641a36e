package accuracy

import (
	"math"
	"math/rand/v2"
	"testing"
)

func sortedScores(same, different []float32) Scores {
	s := Scores{same, different}
	s.Sort()
	return s
}

func near(a, b float64) bool {
	return math.Abs(a-b) < 1e-7 || math.IsNaN(a) && math.IsNaN(b)
}

func TestAUC(t *testing.T) {
	for name, c := range map[string]struct {
		same, different []float32
		want            float64
	}{
		"every pair of one person is more similar: 1":   {[]float32{.9, .8}, []float32{.1, .2, .3}, 1},
		"every pair of one person is less similar: 0":   {[]float32{.1, .2}, []float32{.9, .8}, 0},
		"all alike: every comparison is a tie":          {[]float32{.5, .5, .5}, []float32{.5, .5}, 0.5},
		"one of six comparisons lost":                   {[]float32{.9, .4}, []float32{.1, .2, .6}, 5. / 6},
		"a tie among six comparisons counts one half":   {[]float32{.9, .6}, []float32{.1, .2, .6}, 5.5 / 6},
		"several ties: 3 + (1+½+½) of 6":                {[]float32{.9, .6}, []float32{.1, .6, .6}, 5. / 6},
		"unsorted input, similarities below zero":       {[]float32{-.2, .7}, []float32{-.1, -.9}, 3. / 4},
		"no pair of one person: not a number":           {nil, []float32{.1}, math.NaN()},
		"no pair of two persons: not a number":          {[]float32{.1}, nil, math.NaN()},
		"the order of what is given does not matter":    {[]float32{.4, .9}, []float32{.6, .1, .2}, 5. / 6},
		"more pairs of one person than of two, one tie": {[]float32{.1, .5, .5, .9}, []float32{.5}, (0 + .5 + .5 + 1) / 4},
	} {
		t.Run(name, func(t *testing.T) {
			if got := sortedScores(c.same, c.different).AUC(); !near(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

// AUC and Within agree with their definitions, spelled out, on scores full of ties.
func TestAgainstTheDefinitions(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	draw := func(n int, shift int) []float32 {
		scores := make([]float32, n)
		for i := range scores {
			scores[i] = float32(random.IntN(12)+shift) / 20
		}
		return scores
	}
	for range 300 {
		s := sortedScores(draw(1+random.IntN(40), 4), draw(1+random.IntN(40), 0))
		var wins float64
		for _, a := range s.Same {
			for _, b := range s.Different {
				switch {
				case a > b:
					wins++
				case a == b:
					wins += .5
				}
			}
		}
		if got, want := s.AUC(), wins/float64(len(s.Same)*len(s.Different)); !near(got, want) {
			t.Fatalf("%v: AUC is %v, want %v", s, got, want)
		}
		for _, fpr := range []float64{0, .1, .25, .5, 1} {
			best := 0.
			for step := -10.; step <= 30; step++ { // thresholds between all possible scores
				if p := s.At(step/20 + .025); p.FPR <= fpr {
					best = max(best, p.TPR)
				}
			}
			if got := s.Within(fpr); got.FPR > fpr || !near(got.TPR, best) {
				t.Fatalf("%v: within FPR %v it is %+v, want TPR %v", s, fpr, got, best)
			}
		}
	}
}

func TestAt(t *testing.T) {
	s := sortedScores([]float32{.25, .5, .5, .75}, []float32{0, .25, .5, .5, .625})
	for name, c := range map[string]struct {
		threshold float64
		want      Point
	}{
		"below everything, all match":       {-1, Point{-1, 1, 1}},
		"a similarity of the threshold":     {.5, Point{.5, .75, .6}},
		"just above two tied similarities":  {.5000001, Point{.5000001, .25, .2}},
		"between two similarities":          {.3, Point{.3, .75, .6}},
		"above everything, nothing matches": {.9, Point{.9, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := s.At(c.threshold); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestWithin(t *testing.T) {
	// 0 to 0.98, in steps of 0.02 downwards, and once more 0.98 on top.
	fifty := []float32{.98, .98}
	for i := range 48 {
		fifty = append(fifty, float32(i)/50)
	}
	for name, c := range map[string]struct {
		same, different []float32
		fpr             float64
		want            Point
	}{
		"apart: the middle of the gap":                             {[]float32{.8, .6}, []float32{.1, .4}, 0, Point{.5, 1, 0}},
		"no false pair allowed, one pair of one person below it":   {[]float32{.9, .3}, []float32{.1, .4}, 0, Point{.65, .5, 0}},
		"one of two false pairs allowed":                           {[]float32{.9, .3}, []float32{.1, .4}, .5, Point{.2, 1, .5}},
		"a rate of less than one pair is none":                     {[]float32{.9, .3}, []float32{.1, .4}, .49, Point{.65, .5, 0}},
		"a tie of the two kinds is refused":                        {[]float32{.9, .5}, []float32{.1, .5}, 0, Point{.7, .5, 0}},
		"two tied false pairs come together or not at all":         {[]float32{.75}, []float32{0, .5, .5, .25}, .25, Point{.625, 1, 0}},
		"the next above may be a pair of two persons":              {[]float32{.9}, []float32{0, .25, .5, .75}, .5, Point{.375, 1, .5}},
		"nothing above: half way to 1":                             {[]float32{.1}, []float32{.5}, 0, Point{.75, 0, 0}},
		"two persons with the same picture: nothing reaches above": {[]float32{1}, []float32{1}, 0, Point{math.Nextafter(1, 2), 0, 0}},
		"every false pair allowed":                                 {[]float32{.1}, []float32{.5}, 1, Point{-1, 1, 1}},
		"tied at the top, 2 % of 50 is one, and one is not enough": {[]float32{.99}, fifty, .02, Point{.985, 1, 0}},
		"tied at the top, 4 % of 50 is both":                       {[]float32{.99}, fifty, .04, Point{.96, 1, .04}},
		"no pairs of one person":                                   {nil, []float32{.5, .1}, 0, Point{.75, math.NaN(), 0}},
	} {
		t.Run(name, func(t *testing.T) {
			got := sortedScores(c.same, c.different).Within(c.fpr)
			if !near(got.Threshold, c.want.Threshold) || !near(got.TPR, c.want.TPR) || !near(got.FPR, c.want.FPR) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if got.FPR > c.fpr {
				t.Errorf("FPR is %v, more than %v", got.FPR, c.fpr)
			}
		})
	}
}

// 0.29 × 100 is 28.999999999999996 in binary: a rate must not lose a pair by that.
func TestARateIsExactInPairs(t *testing.T) {
	var different []float32
	for i := range 100 {
		different = append(different, float32(i)/128)
	}
	for allowed := range 100 {
		if got := sortedScores([]float32{1}, different).Within(float64(allowed) / 100).FPR; !near(got, float64(allowed)/100) {
			t.Errorf("FPR is %v with %d of 100 allowed", got, allowed)
		}
	}
}

func TestChosen(t *testing.T) {
	strangers := func(n int) []float32 {
		scores := make([]float32, n)
		for i := range scores {
			scores[i] = float32(i) / float32(2*n) // up to just below a half
		}
		return append(scores[:n-2], .6, .7)
	}
	for name, c := range map[string]struct {
		pairs int
		want  Point
	}{
		"below ten thousand pairs none may be false":             {9_999, Point{.75, 1, 0}},
		"of ten thousand one may be":                             {10_000, Point{.65, 1, 1e-4}},
		"of nearly twenty thousand no more than one may be":      {19_999, Point{.65, 1, 1. / 19_999}},
		"of twenty thousand two may be; the gap ends at the two": {20_000, Point{(float64(float32(19_997)/40_000) + .6) / 2, 1, 1e-4}},
	} {
		t.Run(name, func(t *testing.T) {
			got := sortedScores([]float32{.8, .9}, strangers(c.pairs)).Chosen()
			if math.Abs(got.Threshold-c.want.Threshold) > 1e-6 || !near(got.TPR, c.want.TPR) || !near(got.FPR, c.want.FPR) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
