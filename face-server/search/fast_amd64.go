package search

import "golang.org/x/sys/cpu"

// fast is whether this processor has what the assembly asks for.
var fast = cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VPOPCNTDQ

//go:noescape
func differencesAVX512(to *uint16, signs *uint64, groups, words int, query *uint64)

//go:noescape
func withinAVX512(masks *uint64, distances *uint16, words int, low, high uint32)

//go:noescape
func productAVX512(query *float32, vector, next *half, length int) float32

// differences is differencesPlain.
func differences(to []uint16, signs, query []uint64) {
	words := len(query) / planes
	whole := len(to) / lanes * lanes
	if !fast || whole == 0 {
		differencesPlain(to, 0, signs, query)
		return
	}
	_ = signs[whole*words-1]
	differencesAVX512(&to[0], &signs[0], whole/lanes, words, &query[0])
	differencesPlain(to, whole, signs, query)
}

// within is withinPlain.
func within(masks []uint64, distances []uint16, low, high uint16) {
	if !fast || len(masks) == 0 {
		withinPlain(masks, distances, low, high)
		return
	}
	_ = distances[len(masks)*64-1]
	withinAVX512(&masks[0], &distances[0], len(masks), uint32(low), uint32(high))
}

// product is that of productPlain; it asks for the memory of next.
func product(query []float32, vector, next []half) float32 {
	if !fast || len(query)%64 != 0 || len(query) == 0 {
		return productPlain(query, vector)
	}
	_, _ = vector[len(query)-1], next[len(query)-1]
	return productAVX512(&query[0], &vector[0], &next[0], len(query))
}
