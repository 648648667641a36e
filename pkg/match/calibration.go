package match

import "math"

// Certainty says how likely a name is wrong.
type Certainty struct {
	FalseMatches Calibration // how often the faces of two persons are as similar
	TrueMatches  Calibration // how often those of one are; not known: each similarity from 0 to 1 as often
	Strangers    float64     // the share of the faces asked about that are nobody's in the gallery
}

// LeastStated is the least chance that is stated: less was not measured, and a straight line drawn
// on beyond what was measured is no knowledge.
const LeastStated = 1e-4

// ChanceWrong is how likely somebody is not who they are named after at this similarity, as the
// nearest of so many photos, [LeastStated] at least; ok is false where nothing is known of that.
//
// By Bayes: wrong is who is nobody's in the gallery, or less like themselves than that, and like
// another's photo by chance; right is who is like themselves. Each counts by how often it
// comes to this very similarity.
func (c Certainty) ChanceWrong(similarity float64, photos int) (chance float64, ok bool) {
	if !c.FalseMatches.Known() || photos <= 0 {
		return 0, false
	}
	rate, own, ownDensity := c.FalseMatches.Rate(similarity), min(max(1-similarity, 0), 1), 1.
	if rate >= 1 {
		return 1, true
	}
	if c.TrueMatches.Known() {
		own, ownDensity = c.TrueMatches.Rate(similarity), c.TrueMatches.density(similarity)
	}
	wrong := (c.Strangers + (1-c.Strangers)*(1-own)) * float64(photos) * c.FalseMatches.density(similarity) / (1 - rate)
	right := (1 - c.Strangers) * ownDensity
	return max(wrong/(wrong+right), LeastStated), true
}

// Calibration is how often two faces are as similar as that or more: pairs of similarity,
// rising, and rate, falling. Between two of them, and beyond, the logarithm of the
// rate is taken to fall in a straight line. Without two pairs nothing is known.
type Calibration [][2]float64

// Known tells whether there is anything to go by.
func (c Calibration) Known() bool { return len(c) >= 2 }

// Measured tells whether the rate at that similarity was: beyond, a line is drawn on.
func (c Calibration) Measured(similarity float64) bool {
	return c.Known() && c[0][0] <= similarity && similarity <= c[len(c)-1][0]
}

// Chance is how likely somebody whose photo is none of so many is as similar to one of
// them: how likely a name given at this similarity is to have gone to a stranger who asked.
func (c Calibration) Chance(similarity float64, photos int) float64 {
	return -math.Expm1(float64(photos) * math.Log1p(-c.Rate(similarity)))
}

// Threshold is the similarity from which on that chance is no more than this, 1 at most.
func (c Calibration) Threshold(chance float64, photos int) float64 {
	low, high := -1., 1.
	for range 60 {
		if middle := (low + high) / 2; c.Chance(middle, photos) > chance {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// Rate is how often two faces are as similar as that.
func (c Calibration) Rate(similarity float64) float64 {
	return math.Exp(c.logarithm(similarity))
}

// slopeWidth is how far to either side a density looks, so that it does not jump from one pair
// to the next.
const slopeWidth = 0.02

// density is how often two faces are that similar, for each unit of similarity.
func (c Calibration) density(similarity float64) float64 {
	return c.Rate(similarity) * (c.logarithm(similarity-slopeWidth) - c.logarithm(similarity+slopeWidth)) / (2 * slopeWidth)
}

// logarithm is that of the rate, which is 1 at most.
func (c Calibration) logarithm(similarity float64) float64 {
	i := 1
	for i < len(c)-1 && similarity > c[i][0] {
		i++
	}
	a, b := c[i-1], c[i]
	part := (similarity - a[0]) / (b[0] - a[0])
	return min(math.Log(a[1])+part*(math.Log(b[1])-math.Log(a[1])), 0)
}
