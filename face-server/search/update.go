package search

import (
	"fmt"
	"slices"
)

// Vector is a vector of length 1 and what it is known by.
type Vector[K comparable] struct {
	Key    K
	Values []float32
}

// Update removes and adds vectors, in one step as searches see it. A key that is
// added again gets the new vector; one that is not there is not removed. It costs
// in proportion to what changes. A vector of another length than the index's is a
// mistake in the program: it panics.
func (x *Index[K]) Update(remove []K, add []Vector[K]) {
	x.writing.Lock()
	defer x.writing.Unlock()
	u := update[K]{Index: x, views: slices.Clone(*x.now.Load()), touched: make(map[*block[K]]bool)}
	for _, key := range remove {
		u.remove(key)
	}
	for _, v := range add {
		if len(v.Values) != x.length {
			panic(fmt.Sprintf("search: a vector of %d numbers in an index of %d", len(v.Values), x.length))
		}
		u.remove(v.Key)
		u.add(v.Key, v.Values)
	}
	u.tidy()
	x.now.Store(&u.views)
}

// update is one change on its way. Its views are its own; what they point to is
// shared with searches that go on: rows beyond a published count and copies of
// removed may be written, nothing else.
type update[K comparable] struct {
	*Index[K]
	views   []view[K]
	touched map[*block[K]]bool // removed is this update's own copy
}

func (u *update[K]) remove(key K) {
	at, ok := u.where[key]
	if !ok {
		return
	}
	delete(u.where, key)
	v := &u.views[slices.IndexFunc(u.views, func(v view[K]) bool { return v.block == at.block })]
	if !u.touched[v.block] {
		u.touched[v.block] = true
		copied := make([]uint64, rows/64)
		copy(copied, v.removed)
		v.removed = copied
	}
	v.removed[at.row/64] |= 1 << (at.row % 64)
	v.dead++
}

func (u *update[K]) add(key K, vector []float32) {
	u.append(key, func(b *block[K], row int) { b.write(row, key, vector, u.rotation) })
}

// append lets a new row be written.
func (u *update[K]) append(key K, write func(b *block[K], row int)) {
	if n := len(u.views); n == 0 || u.views[n-1].count == rows {
		u.views = append(u.views, view[K]{block: newBlock[K](u.length, u.rotation.words())})
	}
	last := &u.views[len(u.views)-1]
	write(last.block, last.count)
	u.where[key] = place[K]{last.block, last.count}
	last.count++
}

// tidy gives up full blocks of which half or more was removed: what is left in
// them moves to the end.
func (u *update[K]) tidy() {
	sparse := func(v view[K]) bool { return v.count == rows && v.dead >= rows/2 }
	var moving []view[K]
	for _, v := range u.views {
		if sparse(v) {
			moving = append(moving, v)
		}
	}
	u.views = slices.DeleteFunc(u.views, sparse)
	for _, v := range moving {
		for row := range v.count {
			if !v.isRemoved(row) {
				u.append(v.keys[row], func(b *block[K], to int) { b.take(to, v.block, row) })
			}
		}
	}
}
