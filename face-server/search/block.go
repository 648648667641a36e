package search

import (
	"math"
	"math/bits"
	"runtime"
	"syscall"
	"unsafe"
)

// rows is how many vectors a block has place for.
const rows = 4096

// gone is the distance of a vector that was removed: more than any vector's.
const gone = math.MaxUint16

// block is memory for vectors. A row, once written, never changes.
type block[K comparable] struct {
	length int
	floats []float32 // rows × length
	signs  []uint64  // rows × words
	keys   []K
}

// newBlock takes the floats' memory from the system rather than from Go's heap,
// which would let as much again lie idle before it collects garbage. It goes back
// when nobody has the block any more.
func newBlock[K comparable](length int) *block[K] {
	b := &block[K]{length: length, signs: make([]uint64, rows*words(length)), keys: make([]K, rows)}
	memory, err := syscall.Mmap(-1, 0, rows*length*4, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		b.floats = make([]float32, rows*length)
		return b
	}
	b.floats = unsafe.Slice((*float32)(unsafe.Pointer(&memory[0])), rows*length) //nolint:gosec // the memory is as long, and pages are aligned
	runtime.AddCleanup(b, func(memory []byte) { _ = syscall.Munmap(memory) }, memory)
	return b
}

func (b *block[K]) write(row int, key K, vector []float32) {
	copy(b.floats[row*b.length:(row+1)*b.length], vector)
	signs(b.signs[row*words(b.length):][:0], vector)
	b.keys[row] = key
}

func (b *block[K]) vector(row int) []float32 { return b.floats[row*b.length:][:b.length] }

// view is a block as a search sees it: the first count rows without the removed.
type view[K comparable] struct {
	*block[K]
	count   int
	removed []uint64 // a bit for each row; nil when there is none
	dead    int      // how many are set
}

// differences sets, for each of the view's rows, in how many signs it differs from
// query, or gone.
func (v view[K]) differences(to []uint16, query []uint64) {
	if len(query) == 8 {
		v.differences512(to, [8]uint64(query))
	} else {
		for row := range to {
			count := 0
			for i, s := range v.signs[row*len(query):][:len(query)] {
				count += bits.OnesCount64(query[i] ^ s)
			}
			to[row] = uint16(count)
		}
	}
	for i, removed := range v.removed {
		for ; removed != 0; removed &= removed - 1 {
			to[i*64+bits.TrailingZeros64(removed)] = gone
		}
	}
}

// differences512 is the loop of differences for the usual length, twice as quick.
func (v view[K]) differences512(to []uint16, q [8]uint64) {
	all := v.signs[:8*len(to)]
	for row := range to {
		s := (*[8]uint64)(all[row*8:])
		to[row] = uint16( //nolint:gosec // 512 at most
			bits.OnesCount64(q[0]^s[0]) + bits.OnesCount64(q[1]^s[1]) +
				bits.OnesCount64(q[2]^s[2]) + bits.OnesCount64(q[3]^s[3]) +
				bits.OnesCount64(q[4]^s[4]) + bits.OnesCount64(q[5]^s[5]) +
				bits.OnesCount64(q[6]^s[6]) + bits.OnesCount64(q[7]^s[7]))
	}
}

func (v view[K]) isRemoved(row int) bool {
	return v.removed != nil && v.removed[row/64]&(1<<(row%64)) != 0
}

// words is how many words the signs of length numbers take.
func words(length int) int { return (length + 63) / 64 }

// signs appends the signs of a vector's numbers, 64 to a word.
func signs(to []uint64, vector []float32) []uint64 {
	for ; len(vector) > 0; vector = vector[min(64, len(vector)):] {
		var word uint64
		for i, v := range vector[:min(64, len(vector))] {
			word |= uint64(math.Float32bits(v)>>31) << i
		}
		to = append(to, word)
	}
	return to
}
