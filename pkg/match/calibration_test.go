package match_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"lineup.dev/lineup/pkg/match"
)

var measured = match.Calibration{{0.3, 1e-2}, {0.4, 1e-3}, {0.5, 1e-5}}

func TestRate(t *testing.T) {
	for similarity, want := range map[float64]float64{0.3: 1e-2, 0.35: math.Sqrt(1e-5), 0.4: 1e-3, 0.45: 1e-4, 0.5: 1e-5, 0.55: 1e-6, 0.2: 1e-1, 0: 1, -1: 1} {
		if got := measured.Rate(similarity); math.Abs(got/want-1) > 1e-9 {
			t.Errorf("at %v: %v, want %v", similarity, got, want)
		}
	}
}

func TestWhatWasMeasured(t *testing.T) {
	for similarity, want := range map[float64]bool{0.29: false, 0.3: true, 0.45: true, 0.5: true, 0.51: false} {
		if got := measured.Measured(similarity); got != want {
			t.Errorf("at %v it was measured: %v, want %v", similarity, got, want)
		}
	}
	if (match.Calibration{}).Measured(0.4) {
		t.Error("nothing was measured, but it says so")
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

// What is stated of a name comes true where faces are as the calibration has them: of those
// who are nearest at a similarity, that share is not who they are named after.
func TestAsManyNamesAreWrongAsIsStated(t *testing.T) {
	falseMatches := match.Calibration{{0.2, 5e-2}, {0.3, 7e-3}, {0.4, 6e-4}, {0.5, 2.5e-5}}
	certainty := match.Certainty{FalseMatches: falseMatches, TrueMatches: match.Calibration{{0.3, 0.95}, {0.5, 0.8}, {0.7, 0.4}, {0.9, 0.05}}, Strangers: 0.3}
	const photos, searches = 40, 100_000
	random := rand.New(rand.NewPCG(1, 2))
	type bin struct{ names, wrong, stated float64 }
	bins := map[int]*bin{}
	for range searches {
		another := drawn(falseMatches, 1-math.Pow(random.Float64(), 1./photos)) // the most similar of so many
		own := -1.
		if random.Float64() >= certainty.Strangers {
			own = drawn(certainty.TrueMatches, random.Float64())
		}
		chance, ok := certainty.ChanceWrong(max(own, another), photos)
		if !ok || chance < 0 || chance > 1 {
			t.Fatalf("at %v the chance is %v, %v", max(own, another), chance, ok)
		}
		b := bins[int(chance*10)]
		if b == nil {
			b = new(bin)
			bins[int(chance*10)] = b
		}
		b.names++
		b.stated += chance
		if another > own {
			b.wrong++
		}
	}
	for i, b := range bins {
		if b.names > 500 && math.Abs(b.stated-b.wrong)/b.names > 0.04 {
			t.Errorf("of %v names with a chance of %v to %v are wrong %.3f, stated is %.3f", b.names, float64(i)/10, float64(i+1)/10, b.wrong/b.names, b.stated/b.names)
		}
	}
	if len(bins) < 10 {
		t.Errorf("only %d of ten bins have names", len(bins))
	}
}

// drawn is the similarity that so many pairs reach.
func drawn(c match.Calibration, rate float64) float64 {
	low, high := -2., 3.
	for range 30 {
		if middle := (low + high) / 2; c.Rate(middle) > rate {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// The surer a name, the more similar the face, the fewer the photos and the fewer the strangers.
func TestHowSureANameIs(t *testing.T) {
	certainty := match.Certainty{FalseMatches: measured, Strangers: 0.5}
	at := func(c match.Certainty, similarity float64, photos int) float64 {
		chance, ok := c.ChanceWrong(similarity, photos)
		if !ok {
			t.Fatalf("nothing is known at %v of %d", similarity, photos)
		}
		return chance
	}
	before := 2.
	for similarity := -1.; similarity <= 1; similarity += 0.05 {
		now := at(certainty, similarity, 300)
		if now > before || now < 0 {
			t.Errorf("at %v a name is wrong with %v, less similar with %v", similarity, now, before)
		}
		before = now
	}
	few, many := at(certainty, 0.5, 5), at(certainty, 0.5, 5000)
	certainty.Strangers = 0.9
	if strangers := at(certainty, 0.5, 5); few >= many || few >= strangers {
		t.Errorf("of 5 photos %v, of 5000 %v, with more strangers %v: the first must be the least", few, many, strangers)
	}
	for _, c := range []struct {
		match.Certainty
		photos int
	}{{match.Certainty{}, 5}, {certainty, 0}} {
		if chance, ok := c.ChanceWrong(0.5, c.photos); ok {
			t.Errorf("%v is stated of %d photos by %v, of which nothing is known", chance, c.photos, c.Certainty)
		}
	}
}

// No more is stated than was measured, however similar the face and small the gallery.
func TestNoLessIsStatedThanWasMeasured(t *testing.T) {
	for _, similarity := range []float64{0.9, 0.99, 1} {
		if chance, ok := (match.Certainty{FalseMatches: measured, Strangers: 0.5}).ChanceWrong(similarity, 5); !ok || chance != match.LeastStated {
			t.Errorf("at %v a name is said to be wrong with %v, %v; want %v", similarity, chance, ok, match.LeastStated)
		}
	}
}
