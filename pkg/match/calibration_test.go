package match_test

import (
	"math"
	"testing"

	"lineup.dev/lineup/pkg/match"
)

var measured = match.Calibration{{0.3, 1e-2}, {0.4, 1e-3}, {0.5, 1e-5}}

func TestFalseMatchRate(t *testing.T) {
	for similarity, want := range map[float64]float64{0.3: 1e-2, 0.35: math.Sqrt(1e-5), 0.4: 1e-3, 0.45: 1e-4, 0.5: 1e-5, 0.55: 1e-6, 0.2: 1e-1, 0: 1, -1: 1} {
		if got := measured.FalseMatchRate(similarity); math.Abs(got/want-1) > 1e-9 {
			t.Errorf("at %v: %v, want %v", similarity, got, want)
		}
	}
}

// The chance grows with the gallery, and the threshold keeps it where it shall be.
func TestThresholdOfAChance(t *testing.T) {
	before := -1.
	for _, photos := range []int{1, 5, 30, 300, 5_000, 100_000} {
		threshold := measured.Threshold(0.01, photos)
		if chance := measured.Chance(threshold, photos); math.Abs(chance-0.01) > 1e-6 || threshold <= before {
			t.Errorf("of %d photos the threshold is %v, with a chance of %v; want 0.01, and more than %v", photos, threshold, chance, before)
		}
		before = threshold
	}
	if got := measured.Threshold(0.01, 0); got > -0.999 {
		t.Errorf("nobody to be taken for takes a threshold of %v", got)
	}
	if got := measured.Chance(0.5, 1000); math.Abs(got-0.00995) > 1e-4 { // 1 - (1-1e-5)^1000
		t.Errorf("the chance is %v, want about 0.00995", got)
	}
	if (match.Calibration{{0.4, 1e-3}}).Known() || !measured.Known() {
		t.Error("one pair is no calibration, three are")
	}
}
