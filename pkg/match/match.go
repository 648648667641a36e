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
	// StrangerThreshold is how similar one without a name must be; 0: nobody is compared
	// with those. No margin: two that a face is as near to as that are one.
	StrangerThreshold float64
}

// OccludedExtra is by how much more similar a covered face must be. By the false match rates
// of the default models that is a tenth as many.
const OccludedExtra = 0.08

// Of is the rule for a face that is covered, or is not.
func (r Rule) Of(occluded bool) Rule {
	if occluded {
		r.Threshold += OccludedExtra
		if r.StrangerThreshold > 0 {
			r.StrangerThreshold += OccludedExtra
		}
	}
	return r
}

// Counted is the similarity that a face has left of its own when it is covered, or is not: what is
// known of how often two faces are as similar, is known of such as are not.
func Counted(similarity float64, occluded bool) float64 {
	if occluded {
		return similarity - OccludedExtra
	}
	return similarity
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
	Strangers  []Candidate[P] // the same of those without a name
	Is         *P             // it was given to this person
	Not        []P            // it was said not to be these
	Ignored    bool           // it was said to be nobody's business
	Occluded   bool           // it is covered in part, which takes more similarity
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
	Person *P   // nil: nobody's
	ByHand bool // nothing but a hand changes it
	// Stranger tells that the person has no name. Refusal then says why it is nobody who has.
	Stranger bool
	Refusal  Refusal
	// Candidates are the persons that it could be, each once by the nearest photo, the
	// nearest first; what was ruled out by hand is not among them.
	Candidates []Candidate[P]
	Strangers  []Candidate[P] // the same of those without a name
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
// more similar one (of equals the first). Those with a name are decided first, as if there
// were no others.
func Decide[P comparable](r Rule, faces []Face[P]) []Decision[P] {
	decisions := make([]Decision[P], len(faces))
	taken := map[P]bool{}
	var byMachine []int
	for i, face := range faces {
		d := &decisions[i]
		d.Candidates, d.Strangers = nearest(face.Candidates, face.Not), nearest(face.Strangers, face.Not)
		switch {
		case face.Is != nil:
			d.Person, d.ByHand = face.Is, true
			taken[*face.Is] = true
		case face.Ignored:
			d.ByHand, d.Refusal = true, Ignored
		default:
			if d.Refusal = r.Of(face.Occluded).refusal(similarities(d.Candidates)); d.Refusal == None {
				byMachine = append(byMachine, i)
			}
		}
	}
	surestFirst(byMachine, func(i int) Candidate[P] { return decisions[i].Candidates[0] })
	for _, i := range byMachine {
		d := &decisions[i]
		person := d.Candidates[0].Person
		if taken[person] {
			d.Refusal = Taken
			continue
		}
		taken[person], d.Person = true, &person
	}
	decideStrangers(r, faces, decisions, taken)
	return decisions
}

// decideStrangers gives those that are like nobody with a name to the nearest of those
// without, each of whom is in a picture once, too.
func decideStrangers[P comparable](r Rule, faces []Face[P], decisions []Decision[P], taken map[P]bool) {
	var near []int
	for i, d := range decisions {
		if d.Nobody() && d.NearStranger(r.Of(faces[i].Occluded)) {
			near = append(near, i)
		}
	}
	surestFirst(near, func(i int) Candidate[P] { return decisions[i].Strangers[0] })
	for _, i := range near {
		d := &decisions[i]
		if person := d.Strangers[0].Person; !taken[person] {
			taken[person], d.Person, d.Stranger = true, &person, true
		}
	}
}

// Nobody tells whether the face is like nobody with a name: neither somebody, nor too close
// between two, nor what a hand decided.
func (d Decision[P]) Nobody() bool {
	return d.Refusal == BelowThreshold || d.Refusal == NobodyEnrolled
}

// NearStranger tells whether it is as near to one without a name as makes it theirs.
func (d Decision[P]) NearStranger(r Rule) bool {
	return r.StrangerThreshold > 0 && len(d.Strangers) > 0 && d.Strangers[0].Similarity >= float32(r.StrangerThreshold)
}

// surestFirst sorts faces by how similar their candidates are.
func surestFirst[P comparable](faces []int, candidate func(face int) Candidate[P]) {
	slices.SortStableFunc(faces, func(i, j int) int { return cmp.Compare(candidate(j).Similarity, candidate(i).Similarity) })
}

// nearest gives each candidate person once, by the nearest photo, the nearest first; of
// equally near ones the first by the photo's name.
func nearest[P comparable](candidates []Candidate[P], not []P) []Candidate[P] {
	sorted := slices.DeleteFunc(slices.Clone(candidates), func(c Candidate[P]) bool { return slices.Contains(not, c.Person) })
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
