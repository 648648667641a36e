// Package match is the rule that says whose a face is. The face server, the database's
// results and the measurement of accuracy all ask it, so that they agree.
//
// It is pure: what was decided by hand, who was merged with whom and how similar the
// photos are comes with the question.
package match

import (
	"cmp"
	"slices"
)

// Rule is when a face is taken for a person.
type Rule struct {
	Threshold float64 // as similar as that
	Margin    float64 // and by that more similar than any other person
}

// Candidate is a person by that of the person's photos that is most similar to a face.
// A person P is whatever tells persons apart: of merged ones always the same.
type Candidate[P comparable] struct {
	Person     P
	PhotoID    int64 // 0 where photos have none
	ImageName  string
	Similarity float32 // cosine, -1 to 1
}

// Face is a face of a picture, and what was decided of it by hand.
type Face[P comparable] struct {
	Candidates []Candidate[P] // in any order; a person may be in it by several photos
	Is         *P             // it was given to this person
	Not        []P            // it was said not to be these
	Ignored    bool           // it was said to be nobody's business
}

// Refusal is why a face is nobody's by machine.
type Refusal uint8

// A face is its nearest person's, or nobody's for one of these reasons.
const (
	None           Refusal = iota
	NobodyEnrolled         // there is nobody to compare with
	BelowThreshold         // nobody is as similar as that
	Ambiguous              // another person is nearly as near
	Taken                  // the nearest person is another face of the picture, a surer one or one given by hand
	Ignored                // it was said to be nobody's business
	refusalCount
)

// Refusals are all of them, None too.
func Refusals() []Refusal {
	all := make([]Refusal, refusalCount)
	for i := range all {
		all[i] = Refusal(i)
	}
	return all
}

// Decision says whose a face is.
type Decision[P comparable] struct {
	Person  *P   // nil: nobody's
	ByHand  bool // nothing but a hand changes it
	Refusal Refusal
	// Candidates are the persons that it could be, each once by the nearest photo, the
	// nearest first; what was ruled out by hand is not among them.
	Candidates []Candidate[P]
}

// Similarity is how similar the nearest candidate is; ok is false where there is none.
func (d Decision[P]) Similarity() (similarity float32, ok bool) {
	if len(d.Candidates) == 0 {
		return 0, false
	}
	return d.Candidates[0].Similarity, true
}

// Margin is by how much the nearest candidate is nearer than the second; ok is false
// where there are fewer than two.
func (d Decision[P]) Margin() (margin float32, ok bool) {
	if len(d.Candidates) < 2 {
		return 0, false
	}
	return d.Candidates[0].Similarity - d.Candidates[1].Similarity, true
}

// Decide says whose each face of a picture is. What was decided by hand stays. Of the
// others each is its nearest person's, if that one is near enough, no other person is
// nearly as near, and no other face of the picture is that person's: by hand, or as the
// more similar one (of equals the first).
func Decide[P comparable](r Rule, faces []Face[P]) []Decision[P] {
	decisions := make([]Decision[P], len(faces))
	taken := map[P]bool{}
	var byMachine []int
	for i, face := range faces {
		d := &decisions[i]
		d.Candidates = nearest(face)
		switch {
		case face.Is != nil:
			d.Person, d.ByHand = face.Is, true
			taken[*face.Is] = true
		case face.Ignored:
			d.ByHand, d.Refusal = true, Ignored
		default:
			if d.Refusal = r.refusal(similarities(d.Candidates)); d.Refusal == None {
				byMachine = append(byMachine, i)
			}
		}
	}
	slices.SortStableFunc(byMachine, func(i, j int) int {
		return cmp.Compare(decisions[j].Candidates[0].Similarity, decisions[i].Candidates[0].Similarity)
	})
	for _, i := range byMachine {
		d := &decisions[i]
		person := d.Candidates[0].Person
		if taken[person] {
			d.Refusal = Taken
			continue
		}
		taken[person], d.Person = true, &person
	}
	return decisions
}

// nearest gives each candidate person once, by the nearest photo, the nearest first; of
// equally near ones the first by the photo's name.
func nearest[P comparable](face Face[P]) []Candidate[P] {
	sorted := slices.DeleteFunc(slices.Clone(face.Candidates), func(c Candidate[P]) bool { return slices.Contains(face.Not, c.Person) })
	slices.SortStableFunc(sorted, func(a, b Candidate[P]) int {
		return cmp.Or(cmp.Compare(b.Similarity, a.Similarity), cmp.Compare(a.ImageName, b.ImageName), cmp.Compare(a.PhotoID, b.PhotoID))
	})
	seen := map[P]bool{}
	return slices.DeleteFunc(sorted, func(c Candidate[P]) bool {
		again := seen[c.Person]
		seen[c.Person] = true
		return again
	})
}

func similarities[P comparable](candidates []Candidate[P]) (first, second *float32) {
	if len(candidates) > 0 {
		first = &candidates[0].Similarity
	}
	if len(candidates) > 1 {
		second = &candidates[1].Similarity
	}
	return first, second
}

// refusal is what keeps a face from being its nearest person's, of which it knows how
// similar that one and the second are. A similarity that is no number is near to nobody.
func (r Rule) refusal(first, second *float32) Refusal {
	switch {
	case first == nil:
		return NobodyEnrolled
	case !(*first >= float32(r.Threshold)):
		return BelowThreshold
	case second != nil && !(*first-*second >= float32(r.Margin)):
		return Ambiguous
	}
	return None
}
