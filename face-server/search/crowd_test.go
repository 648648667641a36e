package search_test

import (
	"cmp"
	"runtime"
	"slices"
	"sync"
	"testing"

	"lineup.dev/lineup/face-server/search"
	"lineup.dev/lineup/local/descriptors"
	"lineup.dev/lineup/pkg/match"
)

// rule is the models'.
var rule = match.Rule{Threshold: 0.42, Margin: 0.1}

// persons is how many are asked for, as an answer names them.
const persons = 10

// crowded is an index of photos by number, whose they are, and queries: new photos of
// persons in it and, one in five, of strangers.
type crowded struct {
	*search.Index[int]
	who     []int32
	queries [][]float32
}

func newGallery(tb testing.TB, count, queries int) crowded {
	tb.Helper()
	c := descriptors.NewCrowd(uint64(count))
	g := crowded{Index: search.New[int](descriptors.Length), queries: make([][]float32, queries)}
	next, person := 0, int32(0)
	var before []float32
	for from := 0; from < count; from += 10_000 {
		vectors, persons := c.Photos(min(10_000, count-from))
		var add []search.Vector[int]
		for i, v := range vectors {
			if before == nil || &persons[i][0] != &before[0] {
				before = persons[i]
				person++
			}
			g.who = append(g.who, person)
			add = append(add, search.Vector[int]{Key: from + i, Values: v})
		}
		g.Update(nil, add)
		for ; next*count < queries*(from+len(vectors)) && next < queries; next++ {
			who := persons[c.IntN(len(persons))]
			if next%5 == 0 {
				who = c.Person()
			}
			g.queries[next] = make([]float32, descriptors.Length)
			c.Photo(g.queries[next], who)
		}
	}
	return g
}

type candidate = match.Candidate[int32]

// look is a way of searching.
type look func(queries [][]float32, visit func(query, key int, similarity float32) (enough float32))

// candidates gives of each query the nearest persons by their nearest photos, as a way of
// searching finds them.
func (g crowded) candidates(find look, queries [][]float32) [][]candidate {
	best := make([][]candidate, len(queries))
	find(queries, func(query, key int, similarity float32) float32 {
		b := best[query]
		same := slices.IndexFunc(b, func(c candidate) bool { return c.Person == g.who[key] })
		switch {
		case same < 0:
			b = append(b, candidate{Person: g.who[key], PhotoID: int64(key), Similarity: similarity})
		case b[same].Similarity < similarity:
			b[same].PhotoID, b[same].Similarity = int64(key), similarity
		}
		slices.SortFunc(b, func(x, y candidate) int { return cmp.Compare(y.Similarity, x.Similarity) })
		best[query] = b[:min(len(b), persons)]
		if len(b) < persons {
			return -1
		}
		return best[query][persons-1].Similarity
	})
	return best
}

// agreement is of how many queries a search finds what an exhaustive scan does.
type agreement struct {
	queries, decisions, all int // the decision, and all persons
	above, best             int // the best match, of those whose is above the threshold
}

func (g crowded) agreement(tb testing.TB) (a agreement) {
	tb.Helper()
	var mutex sync.Mutex
	var group sync.WaitGroup
	for some := range slices.Chunk(g.queries, (len(g.queries)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			want, got := g.candidates(g.All, some), g.candidates(g.Near, some)
			mutex.Lock()
			defer mutex.Unlock()
			for i := range some {
				a.add(want[i], got[i])
			}
		})
	}
	group.Wait()
	return a
}

func (a *agreement) add(want, got []candidate) {
	a.queries++
	if float64(want[0].Similarity) >= rule.Threshold {
		a.above++
		if got[0].PhotoID == want[0].PhotoID {
			a.best++
		}
	}
	w, g := decide(want), decide(got)
	if w.Refusal == g.Refusal && (w.Person == nil || g.Person != nil && *w.Person == *g.Person) {
		a.decisions++
	}
	if slices.Equal(want, got) {
		a.all++
	}
}

func decide(candidates []candidate) match.Decision[int32] {
	return match.Decide(rule, []match.Face[int32]{{Candidates: candidates}})[0]
}
