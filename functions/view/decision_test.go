package main

import (
	"testing"

	"lineup.dev/lineup/pkg/lineup"
)

func TestAStrangersFaceIsShownWithTheNumbersThatAreItsOwn(t *testing.T) {
	t.Parallel()
	near := 0.22
	known := lineup.Candidate{Person: lineup.Person{ID: 4, Name: "Noa"}, Similarity: near}
	own := lineup.Candidate{Person: lineup.Person{ID: 21}, Similarity: 0.66}
	for _, c := range []struct {
		candidates []lineup.Candidate
		decision   string
		likeness   string
	}{
		{[]lineup.Candidate{known, own}, "Looks like another picture of the same stranger, whom nobody has named yet: 0.66. Of those who are known, the nearest is Noa with 0.22.", "0.66"},
		{[]lineup.Candidate{known}, "Somebody whom nobody has named yet. Of those who are known, the nearest is Noa with 0.22.", "–"},
		{nil, "Somebody whom nobody has named yet.", "–"},
	} {
		face := lineup.Face{Person: &own.Person, DecidedBy: lineup.ByStranger, Similarity: &near, Candidates: c.candidates}
		if got := decision(face); got != c.decision {
			t.Errorf("the decision is %q, want %q", got, c.decision)
		}
		if got := likeness(face); got != c.likeness {
			t.Errorf("the likeness is %q, want %q", got, c.likeness)
		}
	}
}
