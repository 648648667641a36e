package store

import (
	"cmp"
	"slices"
	"strings"
)

// How much two looks at one face must have in common.
const (
	sameBox      = 0.3 // of the area that the two boxes cover, the part that both do
	sameBoxAlone = 0.5 // where there are no descriptors to compare
	sameLikeness = 0.5 // cosine of the descriptors
)

// correspond tells of each found face which of the faces of the look before it is, -1 for
// none: where it lies and what it looks like must both agree. Where the descriptors cannot
// be compared, the box alone tells, of a file whose content is the same, and of an erased person's
// face also of one that was touched: its mark is another then. No face is two.
func correspond(found, before []faceRow, file sameness) []int {
	type pair struct {
		found, before int
		agreement     float64
	}
	var pairs []pair
	for i, f := range found {
		for j, b := range before {
			if agreement, same := agree(f, b, file); same {
				pairs = append(pairs, pair{i, j, agreement})
			}
		}
	}
	if len(pairs) == 0 && len(found) == 1 && len(before) == 1 && file == sameContent && found[0].Box == nil && before[0].Box == nil {
		pairs = []pair{{0, 0, 0}} // a server that tells of one face that it is there
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.agreement, a.agreement) })
	is := slices.Repeat([]int{-1}, len(found))
	used := map[int]bool{}
	for _, p := range pairs {
		if is[p.found] < 0 && !used[p.before] {
			is[p.found], used[p.before] = p.before, true
		}
	}
	return is
}

func agree(f, b faceRow, file sameness) (agreement float64, same bool) {
	if f.Box == nil || b.Box == nil {
		return 0, false
	}
	both := f.Box.Overlap(*b.Box)
	if f.Model == b.Model && len(f.Embedding) > 0 && len(f.Embedding) == len(b.Embedding) {
		likeness := dot(f.Embedding, b.Embedding)
		return both + likeness, both >= sameBox && likeness >= sameLikeness
	}
	return both, file.keeps(b) && both >= sameBoxAlone
}

// sameness is how much the content of a file has in common with that in which faces were found.
type sameness int

const (
	otherContent sameness = iota
	sameSize              // it may have been touched alone
	sameContent
)

// samenessOf compares marks of contents, which begin with the size where they tell it.
func samenessOf(before, now string) sameness {
	if before == "" || now == "" || before == now {
		return sameContent
	}
	size, _, told := strings.Cut(before, " ")
	if told && strings.HasPrefix(now, size+" ") {
		return sameSize
	}
	return otherContent
}

// keeps tells whether a face that cannot be compared is taken for one of this file too.
func (s sameness) keeps(f faceRow) bool { return s == sameContent || s == sameSize && f.Erased }

// dot is the cosine of vectors of length 1.
func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}
