// Package search finds, among up to some millions of vectors of length 1, those
// with the largest cosine to another one.
//
// It looks twice. Of every vector there is a bit for each number, its sign; the
// angle between two vectors shows in how many of these differ (Charikar, Similarity
// estimation techniques from rounding algorithms, STOC 2002: each differs with
// probability angle/π), and to count that takes a few instructions for 64 numbers.
// Only the vectors that seem near are then compared exactly.
package search

import (
	"iter"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/blas/gonum"
)

// How many vectors are compared exactly: one in share, but at least atLeast (of fewer
// all) and at most atMost, which is what time allows. Among the benchmark's million,
// the best match of 1,250 queries was found for all when one in 16 was compared, and
// for all but one when one in 24 or in 32 was.
const (
	share   = 8
	atLeast = 256
	atMost  = 40_000
)

// Index holds vectors under keys. It is safe for concurrent use: a search sees the
// index as it was when it began, and never waits for an update.
type Index[K comparable] struct {
	length int
	now    atomic.Pointer[[]view[K]]

	writing sync.Mutex
	where   map[K]place[K]

	scratch sync.Pool // of *[]uint16
}

// place is where a vector lies.
type place[K comparable] struct {
	block *block[K]
	row   int
}

// New makes an empty index of vectors of length numbers.
func New[K comparable](length int) *Index[K] {
	x := &Index[K]{length: length, where: make(map[K]place[K])}
	x.now.Store(new([]view[K]))
	x.scratch.New = func() any { return new([]uint16) }
	return x
}

// Len is how many vectors there are.
func (x *Index[K]) Len() int {
	x.writing.Lock()
	defer x.writing.Unlock()
	return len(x.where)
}

// Vector gives a copy of the key's vector, nil when there is none.
func (x *Index[K]) Vector(key K) []float32 {
	x.writing.Lock()
	defer x.writing.Unlock()
	at, ok := x.where[key]
	if !ok {
		return nil
	}
	defer runtime.KeepAlive(at.block)
	return slices.Clone(at.block.vector(at.row))
}

// Near gives, in no particular order, the keys of the vectors that seem near to
// query, with their exact cosines: one vector in eight, at least 256 and about
// 40,000 at most. Query has length 1.
func (x *Index[K]) Near(query []float32) iter.Seq2[K, float32] {
	return func(yield func(K, float32) bool) {
		views := *x.now.Load()
		defer runtime.KeepAlive(views) // blocks free what their slices point to
		scratch := x.scratch.Get().(*[]uint16)
		defer x.scratch.Put(scratch)
		distances := x.distances(views, query, scratch)
		limit := nearest(distances, x.length)
		for _, v := range views {
			for row, distance := range distances[:v.count] {
				if distance <= limit && !yield(v.keys[row], dot(query, v.vector(row))) {
					return
				}
			}
			distances = distances[v.count:]
		}
	}
}

// distances counts for every row in how many signs it differs from the query.
func (x *Index[K]) distances(views []view[K], query []float32, scratch *[]uint16) []uint16 {
	count := 0
	for _, v := range views {
		count += v.count
	}
	all := slices.Grow((*scratch)[:0], count)[:count]
	*scratch = all
	bits, rest := signs(nil, query), all
	for _, v := range views {
		v.differences(rest[:v.count], bits)
		rest = rest[v.count:]
	}
	return all
}

// nearest is the distance up to which a vector seems near.
func nearest(distances []uint16, longest int) uint16 {
	counts := make([]int, longest+1)
	live := 0
	for _, distance := range distances {
		if distance != gone {
			counts[distance]++
			live++
		}
	}
	want := max(min(live/share, atMost), atLeast)
	seen := 0
	for distance, count := range counts {
		if seen += count; seen >= want {
			return uint16(distance)
		}
	}
	return uint16(longest) //nolint:gosec // a manifest allows no length as great as gone
}

// dot is the cosine of two vectors of length 1.
func dot(a, b []float32) float32 {
	return min(max(gonum.Implementation{}.Sdot(len(a), a, 1, b, 1), -1), 1)
}
