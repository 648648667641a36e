package search

import "iter"

// All gives every vector with its cosine to the query.
func (x *Index[K]) All(query []float32) iter.Seq2[K, float32] {
	return func(yield func(K, float32) bool) {
		for _, v := range *x.now.Load() {
			for row := range v.count {
				if !v.isRemoved(row) && !yield(v.keys[row], dot(query, v.vector(row), v.vector(row))) {
					return
				}
			}
		}
	}
}

// Blocks is how many blocks of memory the index has.
func (x *Index[K]) Blocks() int { return len(*x.now.Load()) }

// Rows is how many vectors fit a block.
const Rows = rows

// Vector gives a copy of the key's vector, nil when there is none.
func (x *Index[K]) Vector(key K) []float32 {
	at, ok := x.where[key]
	if !ok {
		return nil
	}
	vector := make([]float32, x.length)
	for i, h := range at.block.vector(at.row) {
		vector[i] = h.float()
	}
	return vector
}

// Halved is the vector as the index keeps it.
func Halved(vector []float32) []float32 {
	x := New[int](len(vector))
	x.Update(nil, []Vector[int]{{Values: vector}})
	return x.Vector(0)
}
