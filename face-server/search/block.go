package search

import (
	"math"
	"runtime"
	"syscall"
	"unsafe"
)

// rows is how many vectors a block has place for.
const rows = 4096

// lanes is how many rows are counted at once: the words of their signs lie beside each other.
const lanes = 8

// gone is the distance of a vector that was removed: more than any vector's.
const gone = math.MaxUint16

// block is memory for vectors. A row, once written, never changes.
type block[K comparable] struct {
	length  int
	numbers []half   // rows × length
	words   int      // of a row's signs
	signs   []uint64 // of lanes rows the first words, then the second ones
	keys    []K
}

// newBlock takes the numbers' memory from the system rather than from Go's heap,
// which would let as much again lie idle before it collects garbage. It goes back
// when nobody has the block any more.
func newBlock[K comparable](length, words int) *block[K] {
	b := &block[K]{length: length, words: words, signs: make([]uint64, rows*words), keys: make([]K, rows)}
	memory, err := syscall.Mmap(-1, 0, rows*length*2, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		b.numbers = make([]half, rows*length)
		return b
	}
	b.numbers = unsafe.Slice((*half)(unsafe.Pointer(&memory[0])), rows*length) //nolint:gosec // the memory is as long, and pages are aligned
	runtime.AddCleanup(b, func(memory []byte) { _ = syscall.Munmap(memory) }, memory)
	return b
}

func (b *block[K]) write(row int, key K, vector []float32, r rotation) {
	halve(b.vector(row), vector)
	r.signs(b.signs[b.word(row):], lanes, vector)
	b.keys[row] = key
}

// take writes a row of another block.
func (b *block[K]) take(row int, other *block[K], from int) {
	copy(b.vector(row), other.vector(from))
	for i := range b.words {
		b.signs[b.word(row)+i*lanes] = other.signs[other.word(from)+i*lanes]
	}
	b.keys[row] = other.keys[from]
}

func (b *block[K]) vector(row int) []half { return b.numbers[row*b.length:][:b.length] }

// word is where the first word of a row's signs lies.
func (b *block[K]) word(row int) int { return row/lanes*lanes*b.words + row%lanes }

// view is a block as a search sees it: the first count rows without the removed.
type view[K comparable] struct {
	*block[K]
	count   int
	removed []uint64 // a bit for each row; nil when there is none
	dead    int      // how many are set
}

// span is the count in whole words of a mask.
func (v view[K]) span() int { return (v.count + 63) / 64 * 64 }

// distances sets, for each of the view's rows, in how many steps its signs differ from those
// that planes tell of a query, or gone.
func (v view[K]) distances(to []uint16, query []uint64) {
	differences(to[:v.count], v.signs, query)
	for row := v.count; row < len(to); row++ {
		to[row] = gone
	}
	each(v.removed[:min(len(to)/64, len(v.removed))], func(row int) { to[row] = gone })
}

// exactly visits the rows of the mask with their cosines.
func (v view[K]) exactly(query []float32, mask []uint64, visit func(key K, similarity float32)) {
	before := -1
	each(mask, func(row int) {
		// One later, so that the next one's memory is on its way meanwhile.
		if before >= 0 {
			visit(v.keys[before], dot(query, v.vector(before), v.vector(row)))
		}
		before = row
	})
	if before >= 0 {
		visit(v.keys[before], dot(query, v.vector(before), v.vector(before)))
	}
}

func (v view[K]) isRemoved(row int) bool {
	return v.removed != nil && v.removed[row/64]&(1<<(row%64)) != 0
}

// dot is the cosine of two vectors of length 1. Next is the one to be asked about next.
func dot(query []float32, vector, next []half) float32 {
	return min(max(product(query, vector, next), -1), 1)
}
