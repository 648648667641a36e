package gallery

import (
	"cmp"
	"slices"
)

// Candidate is a person by that of the person's photos that is most similar to a face.
type Candidate struct {
	ImageName  string
	Person     string
	Similarity float32 // cosine, -1 to 1
}

// Rule is when a face is taken for a person.
type Rule struct {
	Threshold float64 // as similar as that
	Margin    float64 // and by that more similar than any other person
}

// Decision is what a [Rule] makes of a face.
type Decision uint8

// A face is its nearest person's, or nobody's for one of these reasons.
const (
	Match Decision = iota
	NobodyEnrolled
	BelowThreshold
	Ambiguous     // another person is nearly as near
	DecisionCount // how many there are
)

// Decide tells, of the persons most similar to a face, the most similar first and
// two at least if there are, whether the face is the first's.
func (r Rule) Decide(candidates []Candidate) Decision {
	switch {
	case len(candidates) == 0:
		return NobodyEnrolled
	case !(candidates[0].Similarity >= float32(r.Threshold)):
		return BelowThreshold
	case len(candidates) > 1 && !(candidates[0].Similarity-candidates[1].Similarity >= float32(r.Margin)):
		return Ambiguous
	}
	return Match
}

// insert puts c into best, which is in order and has a person once and at most count
// of them, if it belongs there.
func insert(best []Candidate, c Candidate, count int) []Candidate {
	if len(best) == count && (count == 0 || !ranksBefore(c, best[count-1])) {
		return best
	}
	if same := slices.IndexFunc(best, func(b Candidate) bool { return b.Person == c.Person }); same >= 0 {
		if !ranksBefore(c, best[same]) {
			return best
		}
		best = slices.Delete(best, same, same+1)
	}
	at, _ := slices.BinarySearchFunc(best, c, order)
	best = slices.Insert(best, at, c)
	return best[:min(len(best), count)]
}

func order(a, b Candidate) int {
	return cmp.Or(cmp.Compare(b.Similarity, a.Similarity), cmp.Compare(a.ImageName, b.ImageName))
}

func ranksBefore(a, b Candidate) bool { return order(a, b) < 0 }
