package accuracy

import (
	"fmt"
	"math"

	"lineup.dev/lineup/pkg/match"
)

// decide is why a face with these nearest persons is nobody's, if it is. Each is asked about
// by itself: who else is in its photo is no part of what is measured.
func (f Face) decide(rule match.Rule, n nearest) match.Refusal {
	var candidates []match.Candidate[string]
	for _, m := range n {
		if m.person != "" {
			candidates = append(candidates, match.Candidate[string]{Person: m.person, ImageName: m.file, Similarity: m.similarity})
		}
	}
	return match.Decide(rule, []match.Face[string]{{Candidates: candidates, Occluded: f.Occluded}})[0].Refusal
}

// ambiguous tells whether the second person is so near that nobody is named whatever the threshold.
func (f Face) ambiguous(rule match.Rule, n nearest) bool {
	rule.Threshold = math.Inf(-1)
	return f.decide(rule, n) == match.Ambiguous
}

// refusal says why a face is not given a name.
func (f Face) refusal(rule match.Rule, n nearest) string {
	switch f.decide(rule, n) {
	case match.NobodyEnrolled:
		return "the gallery is empty"
	case match.BelowThreshold:
		return fmt.Sprintf("nearest is %v, below %.2f", n[0], rule.Of(f.Occluded).Threshold)
	}
	return fmt.Sprintf("%v is too near to %v", n[0], n[1])
}

func (m likeness) String() string {
	return fmt.Sprintf("%s (%s, similarity %.3f)", m.person, m.file, m.similarity)
}
