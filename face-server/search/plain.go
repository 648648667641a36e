package search

import "math/bits"

// differencesPlain counts for the rows from that one on in how many steps their signs differ
// from a query's. It reads no other row's signs: those that follow may be written meanwhile.
func differencesPlain(to []uint16, from int, signs, query []uint64) {
	words := len(query) / planes
	for row := from; row < len(to); row++ {
		of := signs[row/lanes*lanes*words+row%lanes:]
		count := 0
		for i := range words {
			s, q := of[i*lanes], query[i*planes:][:planes]
			count += bits.OnesCount64(s^q[0]) + 2*bits.OnesCount64(s^q[1]) + 4*bits.OnesCount64(s^q[2])
		}
		to[row] = uint16(count)
	}
}

// withinPlain sets a bit for each distance from low to high.
func withinPlain(masks []uint64, distances []uint16, low, high uint16) {
	for i := range masks {
		var mask uint64
		for j, d := range distances[i*64:][:64] {
			if d-low <= high-low {
				mask |= 1 << j
			}
		}
		masks[i] = mask
	}
}

// productPlain is the sum of the products.
func productPlain(query []float32, vector []half) float32 {
	var sums [4]float32
	for ; len(query) >= 4 && len(vector) >= 4; query, vector = query[4:], vector[4:] {
		sums[0] += query[0] * vector[0].float()
		sums[1] += query[1] * vector[1].float()
		sums[2] += query[2] * vector[2].float()
		sums[3] += query[3] * vector[3].float()
	}
	for i, v := range query {
		sums[0] += v * vector[i].float()
	}
	return sums[0] + sums[1] + (sums[2] + sums[3])
}

// each calls f for each bit that is set.
func each(masks []uint64, f func(bit int)) {
	for i, mask := range masks {
		for ; mask != 0; mask &= mask - 1 {
			f(i*64 + bits.TrailingZeros64(mask))
		}
	}
}
