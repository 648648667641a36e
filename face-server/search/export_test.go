package search

// All is Near without the first look: every vector is compared exactly, some at a time with
// all queries. It visits those that are more similar than is enough.
func (x *Index[K]) All(queries [][]float32, visit func(query int, key K, similarity float32) (enough float32)) {
	const some = 256
	enough := make([]float32, len(queries))
	for i := range enough {
		enough[i] = -2
	}
	for _, v := range *x.now.Load() {
		for from := 0; from < v.count; from += some {
			for i, query := range queries {
				for row := from; row < min(from+some, v.count); row++ {
					if s := dot(query, v.vector(row), v.vector(row)); s > enough[i] && !v.isRemoved(row) {
						enough[i] = visit(i, v.keys[row], s)
					}
				}
			}
		}
	}
}

// ReadSigns reads all memory that the first look reads, and does nothing with it.
func (x *Index[K]) ReadSigns() (sum uint64) {
	for _, v := range *x.now.Load() {
		for signs := v.signs[:v.span()*v.words]; len(signs) >= 8; signs = signs[8:] {
			sum += (signs[0] + signs[1]) ^ (signs[2] + signs[3]) ^ (signs[4] + signs[5]) ^ (signs[6] + signs[7])
		}
	}
	return sum
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
