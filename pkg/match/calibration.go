package match

import "math"

// Calibration is how often the faces of two persons are as similar as that or more: pairs of
// similarity, rising, and rate, falling. Between two of them, and beyond, the logarithm of the
// rate is taken to fall in a straight line. Without two pairs nothing is known.
type Calibration [][2]float64

// Known tells whether there is anything to go by.
func (c Calibration) Known() bool { return len(c) >= 2 }

// FalseMatchRate is how often two persons are as similar as that.
func (c Calibration) FalseMatchRate(similarity float64) float64 {
	i := 1
	for i < len(c)-1 && similarity > c[i][0] {
		i++
	}
	a, b := c[i-1], c[i]
	part := (similarity - a[0]) / (b[0] - a[0])
	return min(math.Exp(math.Log(a[1])+part*(math.Log(b[1])-math.Log(a[1]))), 1)
}

// Chance is how likely somebody whose photo is none of so many is as similar to one of
// them: how likely a name given at this similarity is to have gone to a stranger who asked.
func (c Calibration) Chance(similarity float64, photos int) float64 {
	return -math.Expm1(float64(photos) * math.Log1p(-c.FalseMatchRate(similarity)))
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
