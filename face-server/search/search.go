// Package search finds, among up to some millions of vectors of length 1, those
// with the largest cosine to others.
//
// It looks twice. Of every vector there is a bit for each number, its sign after a random
// rotation; of a query there are three bits for each number, and to count where they differ
// tells the cosine but for some hundredths (Gao and Long, RaBitQ: Quantizing high-dimensional
// vectors with a theoretical error bound for approximate nearest neighbor search, SIGMOD 2024).
// Only vectors that could be among those asked for are then compared exactly.
package search

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// together is how many queries are compared with a block while it is in the cache.
	together = 8

	// first is about how many vectors are compared exactly to learn how good is good enough.
	first = 96

	// As long as that is not learned, one vector in share is compared, but at least atLeast (of
	// fewer all) and at most atMost.
	share   = 16
	atLeast = 256
	atMost  = 16_384

	// doubt is by how many standard deviations an estimate may be too low without a loss.
	doubt = 3.5

	// sample is of how many vectors the distances are looked through to know of which all are.
	sample = 1 << 15
)

// Index holds vectors under keys. It is safe for concurrent use: a search sees the
// index as it was when it began, and never waits for an update.
type Index[K comparable] struct {
	length   int
	rotation rotation
	now      atomic.Pointer[[]view[K]]

	writing sync.Mutex
	where   map[K]place[K]

	scratch sync.Pool // of *[]uint16
}

// place is where a vector lies.
type place[K comparable] struct {
	block *block[K]
	row   int
}

// New makes an empty index of vectors of length numbers, MaxLength at most.
func New[K comparable](length int) *Index[K] {
	x := &Index[K]{length: length, rotation: newRotation(length), where: make(map[K]place[K])}
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

// Near tells visit of each query, by its number, the keys of the vectors that seem near to
// it, with their cosines, in no particular order. Visit answers below which similarity no
// further vector of that query matters to it, -1 as long as all do: then it is told of one
// in sixteen, at least 256 and about 16,000 at most. Queries have length 1; to ask many at once
// takes less time.
func (x *Index[K]) Near(queries [][]float32, visit func(query int, key K, similarity float32) (enough float32)) {
	views := *x.now.Load()
	defer runtime.KeepAlive(views) // blocks free what their slices point to
	scratch := x.scratch.Get().(*[]uint16)
	defer x.scratch.Put(scratch)
	for from := 0; from < len(queries); from += together {
		some := queries[from:min(from+together, len(queries))]
		size := len(views) * rows
		*scratch = slices.Grow((*scratch)[:0], len(some)*size)[:len(some)*size]
		probes := make([]probe, len(some))
		for i, query := range some {
			probes[i] = x.rotation.probe(query)
		}
		for b, v := range views {
			for i := range probes {
				v.distances((*scratch)[i*size+b*rows:][:v.span()], probes[i].planes)
			}
		}
		for i, query := range some {
			s := scan[K]{views: views, query: query, distances: (*scratch)[i*size:][:size], enough: -1}
			s.visit = func(key K, similarity float32) float32 { return visit(from+i, key, similarity) }
			s.run(probes[i])
		}
	}
}

// scan is the second look of one query.
type scan[K comparable] struct {
	views     []view[K]
	query     []float32
	distances []uint16 // rows of each view
	visit     func(key K, similarity float32) float32
	enough    float32
}

// run visits the vectors that seem nearest, more and more of them until it is told what is
// enough, and then all that could be as near as that.
func (s *scan[K]) run(p probe) {
	counts := s.count(p)
	most := counts.nearest(min(max(counts.all/share, atLeast), atMost))
	done := -1
	for want := first; done < most && s.enough <= -1; want *= 8 {
		limit := min(counts.nearest(want), most)
		s.visitUpTo(done+1, limit)
		done = limit
	}
	if s.enough > -1 {
		s.visitUpTo(done+1, p.limit(s.enough))
	}
}

// visitUpTo visits the vectors at distances from next to limit.
func (s *scan[K]) visitUpTo(next, limit int) {
	if limit < next {
		return
	}
	var masks [rows / 64]uint64
	for b, v := range s.views {
		found := masks[:v.span()/64]
		within(found, s.distances[b*rows:][:v.span()], uint16(next), uint16(limit)) //nolint:gosec // distances are
		v.exactly(s.query, found, func(key K, similarity float32) {
			if similarity >= s.enough {
				s.enough = s.visit(key, similarity)
			}
		})
	}
}

// counts is how many vectors are at each distance, by a sample of them.
type counts struct {
	at     []uint32
	all    int // vectors that are not removed
	stride int // one in so many was looked at
}

func (s *scan[K]) count(p probe) counts {
	c := counts{at: make([]uint32, p.farthest+1), stride: 1}
	for _, v := range s.views {
		c.all += v.count - v.dead
	}
	for c.all/c.stride > sample {
		c.stride *= 2
	}
	for b, v := range s.views {
		distances := s.distances[b*rows:][:v.count]
		for row := 0; row < len(distances); row += c.stride {
			if d := distances[row]; d != gone {
				c.at[d]++
			}
		}
	}
	return c
}

// nearest is the distance up to which there are about so many vectors.
func (c counts) nearest(want int) int {
	seen := 0
	for distance, count := range c.at {
		if seen += int(count) * c.stride; seen >= want {
			return distance
		}
	}
	return len(c.at) - 1
}
