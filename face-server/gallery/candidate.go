package gallery

import (
	"cmp"
	"slices"

	"lineup.dev/lineup/pkg/match"
)

// Person is whom a gallery photo is of.
type Person struct {
	ID   int64  // 0 in a folder
	Name string // in a folder what tells persons apart
}

// Candidate is a person by that of the person's photos that is most similar to a face.
type Candidate = match.Candidate[Person]

// insert puts c into best, which is in order and has a person once and at most count
// of them, if it belongs there.
func insert(best []Candidate, c Candidate, count int) []Candidate {
	if !belongs(best, c, count) {
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

// belongs tells whether c may be one of count, whoever it is.
func belongs(best []Candidate, c Candidate, count int) bool {
	return len(best) < count || count > 0 && ranksBefore(c, best[count-1])
}

// order is that of package match.
func order(a, b Candidate) int {
	return cmp.Or(cmp.Compare(b.Similarity, a.Similarity), cmp.Compare(a.ImageName, b.ImageName), cmp.Compare(a.PhotoID, b.PhotoID))
}

func ranksBefore(a, b Candidate) bool { return order(a, b) < 0 }
