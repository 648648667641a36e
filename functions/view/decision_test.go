package main

import (
	"strings"
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

// How likely a name is wrong is nothing to say of a face that is itself a photo of whom it is named after.
func TestAFaceThatIsAPhotoOfItsPersonIsSaidToBeOne(t *testing.T) {
	t.Parallel()
	face := lineup.Face{ID: 34, Person: &lineup.Person{ID: 4, Name: "Ruby"}, DecidedBy: lineup.ByMachine, Similarity: new(1.), ImageName: "faces/34"}
	if got, want := decision(face), "Ruby: this face is one of the photos that they are known by."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if face.ImageName = "faces/35"; decision(face) != "Ruby: 1.00, and nobody else comes near; how often it is wrong is not known." {
		t.Errorf("of another photo: %q", decision(face))
	}
}

// What a name is worth is said in words: how often such a name is wrong.
func TestANameTellsHowOftenItIsWrong(t *testing.T) {
	t.Parallel()
	ruby, similarity := lineup.Person{ID: 4, Name: "Ruby"}, 0.67
	dana := lineup.Candidate{Person: lineup.Person{ID: 5, Name: "Dana"}, Similarity: 0.21}
	own := lineup.Candidate{Person: ruby, Similarity: similarity}
	for _, c := range []struct {
		by     lineup.DecidedBy
		chance any
		want   string
	}{
		{lineup.ByMachine, nil, "Ruby: 0.67, next is Dana with 0.21; how often it is wrong is not known."},
		{lineup.ByMachine, 0.00052, "Ruby, sure: 0.67, next is Dana with 0.21; wrong about once in 2,000."},
		{lineup.ByMachine, 0.00034, "Ruby, sure: 0.67, next is Dana with 0.21; wrong about once in 3,000."},
		{lineup.ByMachine, 0.00011, "Ruby, sure: 0.67, next is Dana with 0.21; wrong about once in 9,000."},
		{lineup.ByMachine, 0.0001, "Ruby, sure: 0.67, next is Dana with 0.21; wrong once in 10,000 at most."},
		{lineup.ByMachine, 0., "Ruby, sure: 0.67, next is Dana with 0.21; wrong once in 10,000 at most."},
		{lineup.ByMachine, 0.01, "Ruby, sure: 0.67, next is Dana with 0.21; wrong about once in 100."},
		{lineup.ByMachine, 0.0105, "Ruby, likely: 0.67, next is Dana with 0.21; wrong about once in 100."},
		{lineup.ByMachine, 0.1, "Ruby, likely: 0.67, next is Dana with 0.21; wrong about once in 10."},
		{lineup.ByMachine, 0.25, "Ruby, perhaps: 0.67, next is Dana with 0.21; wrong about once in 4."},
		{lineup.ByMachine, 0.45, "Ruby, perhaps: 0.67, next is Dana with 0.21; about as often wrong as right."},
		{lineup.ByMachine, 0.6, "Ruby, doubtful: 0.67, next is Dana with 0.21; more likely wrong than right."},
		{lineup.ByMachine, 1., "Ruby, doubtful: 0.67, next is Dana with 0.21; more likely wrong than right."},
		{lineup.ByHand, nil, "Somebody said that it is Ruby."},
	} {
		face := lineup.Face{Person: &ruby, DecidedBy: c.by, Similarity: &similarity, Candidates: []lineup.Candidate{own, dana}}
		if chance, told := c.chance.(float64); told {
			face.ChanceWrong = &chance
		}
		if got := decision(face); got != c.want {
			t.Errorf("with %v the decision is %q, want %q", c.chance, got, c.want)
		}
	}
}

// Whoever is nearer than who it is, is not called the next.
func TestANearerStrangerIsNotTheNext(t *testing.T) {
	t.Parallel()
	dad, similarity := lineup.Person{ID: 4, Name: "dad2"}, 0.64
	face := lineup.Face{Person: &dad, DecidedBy: lineup.ByMachine, Similarity: &similarity, Candidates: []lineup.Candidate{
		{Person: lineup.Person{ID: 25}, Similarity: 0.72}, {Person: dad, Similarity: similarity},
	}}
	if got, want := decision(face), "dad2: 0.64, though Stranger 25 is nearer with 0.72; how often it is wrong is not known."; got != want {
		t.Errorf("the decision is %q, want %q", got, want)
	}
}

// A sentence tells of a long name what a link does.
func TestALongNameIsShortInASentence(t *testing.T) {
	t.Parallel()
	similarity := 0.67
	person := func(id int64, letter string) lineup.Person {
		return lineup.Person{ID: id, Name: lineup.Name(strings.Repeat(letter, 200))}
	}
	one, other := person(1, "x"), person(2, "y")
	candidates := []lineup.Candidate{{Person: one, Similarity: similarity}, {Person: other, Similarity: 0.3}}
	for _, face := range []lineup.Face{
		{Person: &one, DecidedBy: lineup.ByHand},
		{Person: &one, DecidedBy: lineup.ByMachine, Similarity: &similarity, Candidates: candidates},
		{Person: &lineup.Person{ID: 3}, DecidedBy: lineup.ByStranger, Candidates: candidates},
		{Refusal: "ambiguous", Candidates: candidates},
		{Refusal: "ambiguous", Candidates: candidates[:1]},
		{Refusal: "taken", Candidates: candidates},
		{Refusal: "below_threshold", Candidates: candidates},
	} {
		if got := decision(face); strings.Contains(got, strings.Repeat("x", 20)) || !strings.Contains(got, "xxx…") {
			t.Errorf("the decision is %q", got)
		}
	}
}

// Of two who were too close, a merge makes one: until the face is compared again, the next is not told to be as near.
func TestWhoWasTooCloseBeforeAMergeIsNotTheNext(t *testing.T) {
	t.Parallel()
	candidate := func(id int64, name lineup.Name, similarity float64) lineup.Candidate {
		return lineup.Candidate{Person: lineup.Person{ID: id, Name: name}, PhotoID: 10 * id, Similarity: similarity}
	}
	dad, uncle, son := candidate(1, "Dad", .71), candidate(2, "Uncle", .68), candidate(3, "Son", .19)
	face := lineup.Face{Refusal: "ambiguous", Margin: new(.03), Candidates: []lineup.Candidate{dad, uncle, son}}
	if got := decision(face); !strings.Contains(got, "too close to tell") || len(likes(face, .9)) != 2 {
		t.Errorf("before the merge: %q, like %v", got, likes(face, .9))
	}
	face.Candidates = []lineup.Candidate{dad, son}
	if got := decision(face); strings.Contains(got, "Son") || !strings.Contains(got, "compared again") || len(likes(face, .4)) != 1 {
		t.Errorf("after it: %q, like %v", got, likes(face, .4))
	}
}

// A covered face's sentence says so, since it takes more similarity; what a hand said needs no reason.
func TestACoveredFaceSaysSo(t *testing.T) {
	t.Parallel()
	ruby, similarity := lineup.Person{ID: 4, Name: "Ruby"}, 0.45
	const covered = " The face is partly covered or turned aside, so it had to be more alike."
	for _, face := range []lineup.Face{
		{Person: &ruby, DecidedBy: lineup.ByMachine, Similarity: &similarity},
		{Refusal: "below_threshold", Candidates: []lineup.Candidate{{Person: ruby, Similarity: similarity}}},
	} {
		plain := decision(face)
		face.Occluded = true
		if got := decision(face); got != plain+covered {
			t.Errorf("the decision is %q, want %q", got, plain+covered)
		}
	}
	if got := decision(lineup.Face{Person: &ruby, DecidedBy: lineup.ByHand, Occluded: true}); got != "Somebody said that it is Ruby." {
		t.Errorf("of a covered face that a hand gave the decision is %q", got)
	}
}
