package search

import "iter"

// All is Near without the first look: every vector with its cosine.
func (x *Index[K]) All(query []float32) iter.Seq2[K, float32] {
	return func(yield func(K, float32) bool) {
		for _, v := range *x.now.Load() {
			for row := range v.count {
				if !v.isRemoved(row) && !yield(v.keys[row], dot(query, v.vector(row))) {
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
