package search

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Each processor has one way of its own; all must answer as the plain one does.
func TestTheProcessorsWayIsThePlainOne(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, words := range []int{1, 2, 8, MaxLength / 64} {
		signs, query := make([]uint64, 128*words), make([]uint64, planes*words)
		for _, all := range [][]uint64{signs, query} {
			for i := range all {
				all[i] = random.Uint64()
			}
		}
		for i := range query[:planes*words/2] {
			query[i] = ^signs[i/planes*lanes] // of row 0, so that large distances are seen, too
		}
		got, want := make([]uint16, 128), make([]uint16, 128)
		differences(got, signs, query)
		differencesPlain(want, 0, signs, query)
		if !slices.Equal(got, want) {
			t.Errorf("%d words: distances are %v, want %v", words, got, want)
		}
		for _, bounds := range [][2]uint16{{0, 0}, {0, gone - 1}, {want[5], want[5]}, {want[1], want[1] + 40}} {
			masks, wanted := make([]uint64, 2), make([]uint64, 2)
			within(masks, want, bounds[0], bounds[1])
			withinPlain(wanted, want, bounds[0], bounds[1])
			if !slices.Equal(masks, wanted) {
				t.Errorf("within %v are %b, want %b", bounds, masks, wanted)
			}
		}
	}
	for _, length := range []int{64, 128, 512, 3, 100} {
		query, vector := make([]float32, length), make([]half, length)
		numbers := make([]float32, length)
		for i := range query {
			query[i], numbers[i] = random.Float32()-0.5, random.Float32()-0.5
		}
		halve(vector, numbers)
		if got, want := product(query, vector, vector), productPlain(query, vector); math.Abs(float64(got-want)) > 1e-5 {
			t.Errorf("the product of %d numbers is %v, want %v", length, got, want)
		}
	}
}

func TestHalfPrecision(t *testing.T) {
	for number, want := range map[float32]half{
		0: 0, 1: 0x3c00, -1: 0xbc00, 0.5: 0x3800, 0.099976: 0x2e66, 6.1035e-5: 0x0400, 5.9605e-8: 1, 1e-9: 0,
		1 - 1./4096: 0x3c00, // halfway: to the even one
	} {
		to := make([]half, 1)
		if halve(to, []float32{number}); to[0] != want {
			t.Errorf("%v is %#x, want %#x", number, to[0], want)
		}
	}
	for h := range half(0x3c01) {
		to := make([]half, 1)
		if halve(to, []float32{h.float()}); to[0] != h {
			t.Fatalf("%#x is %v and becomes %#x", h, h.float(), to[0])
		}
	}
}
