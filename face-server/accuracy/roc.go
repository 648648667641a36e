// Package accuracy measures, on photos whose people are known, how well faces are
// told apart: over all pairs of faces (verification), and against a gallery with
// strangers (open-set identification).
package accuracy

import (
	"math"
	"slices"
)

// Scores is the similarities of pairs of faces. A pair is taken for one person's
// when its similarity is the threshold or more.
type Scores struct {
	Same      []float32 // of pairs that show one person
	Different []float32 // of pairs that show two
}

// Point is what a threshold does: a point of the receiver operating characteristic.
type Point struct {
	Threshold float64
	TPR       float64 // pairs of one person taken for such, of all of these; NaN without any
	FPR       float64 // pairs of two persons taken for one's, of all of these; NaN without any
}

// Sort is needed once before the other methods.
func (s Scores) Sort() {
	slices.Sort(s.Same)
	slices.Sort(s.Different)
}

// AUC is the area under the receiver operating characteristic: how often a pair of
// one person is more similar than a pair of two, where a tie counts one half (the
// Mann-Whitney statistic divided by the number of comparisons). It is NaN when
// there are no pairs of one kind.
func (s Scores) AUC() float64 {
	var wins float64
	less, upTo := 0, 0 // how many of Different are below, and not above, a pair of one person
	for _, same := range s.Same {
		for less < len(s.Different) && s.Different[less] < same {
			less++
		}
		for upTo < len(s.Different) && s.Different[upTo] <= same {
			upTo++
		}
		wins += float64(less+upTo) / 2
	}
	return wins / (float64(len(s.Same)) * float64(len(s.Different)))
}

// At is what a threshold does.
func (s Scores) At(threshold float64) Point {
	return Point{threshold, shareFrom(s.Same, threshold), shareFrom(s.Different, threshold)}
}

// shareFrom is the part of sorted scores that reach a threshold.
func shareFrom(sorted []float32, threshold float64) float64 {
	below, _ := slices.BinarySearchFunc(sorted, threshold, func(score float32, threshold float64) int {
		if float64(score) < threshold {
			return -1
		}
		return 1
	})
	return float64(len(sorted)-below) / float64(len(sorted))
}

// Within is the point with the highest TPR whose FPR is at most this. Of all the
// thresholds that give it, it takes the middle: half way between the most similar
// pair of two persons that must be refused, and the least similar pair of any kind
// above. So it does not hang on one of the two. Without pairs of two persons all
// of it is NaN.
func (s Scores) Within(fpr float64) Point {
	n := len(s.Different)
	if n == 0 {
		return Point{math.NaN(), math.NaN(), math.NaN()}
	}
	// The little more is for rates like 0.29, which times 100 is just below 29.
	allowed := int(math.Floor(fpr*float64(n) + 1e-9))
	if allowed >= n {
		return s.At(-1)
	}
	refused := s.Different[n-1-allowed]
	next := float32(1)
	for _, scores := range [][]float32{s.Same, s.Different} {
		if i, _ := slices.BinarySearch(scores, math.Nextafter32(refused, 2)); i < len(scores) {
			next = min(next, scores[i])
		}
	}
	threshold := (float64(refused) + float64(next)) / 2
	if refused >= next { // two persons as alike as can be: nothing is above
		threshold = math.Nextafter(float64(refused), 2)
	}
	return s.At(threshold)
}

// chosenFPR is how often the chosen threshold takes two persons for one: once in
// ten thousand pairs, which is how often a stranger is named who is compared with
// one photo. A face is compared with every photo of a gallery, so that this is
// already as much as some hundreds of photos can bear.
const chosenFPR = 1e-4

// Chosen is the point whose threshold is proposed for use: the lowest at which no
// more than one in ten thousand pairs of two persons is taken for one's, none where
// there are fewer pairs, and in the middle of the gap as in [Scores.Within].
func (s Scores) Chosen() Point { return s.Within(chosenFPR) }
