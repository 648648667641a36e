package gallery

import (
	"lineup.dev/lineup/face-server/search"
)

// index finds the photos that are near to faces: search.Index, or what takes its place where
// a gallery is larger than one process should hold.
type index[K comparable] interface {
	Near(embeddings [][]float32, visit func(face int, photo K, similarity float32) (enough float32))
	Update(remove []K, add []search.Vector[K])
	Len() int
}

// candidates are those of [Gallery] of an index. Of says whose a photo is, and false for
// nobody's.
func candidates[K comparable](in index[K], embeddings [][]float32, count int, photo func(K) Candidate, of func(K) (Person, bool)) [][]Candidate {
	best := make([][]Candidate, len(embeddings))
	if count == 0 {
		return best
	}
	in.Near(embeddings, func(face int, key K, similarity float32) (enough float32) {
		c := photo(key)
		c.Similarity = similarity
		if belongs(best[face], c, count) {
			var known bool
			if c.Person, known = of(key); known {
				best[face] = insert(best[face], c, count)
			}
		}
		if len(best[face]) < count {
			return -1
		}
		return best[face][count-1].Similarity
	})
	return best
}
