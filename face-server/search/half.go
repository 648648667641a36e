package search

import "math"

// half is a number in half precision (IEEE 754 binary16). Of a cosine it loses some
// hundred-thousandths.
type half uint16

// smaller is the scale by which single precision's exponent becomes half precision's.
const smaller = 1.0 / (1 << 112)

// halve rounds numbers from -1 to 1 to half precision.
func halve(to []half, numbers []float32) {
	for i, v := range numbers {
		bits := math.Float32bits(v * smaller)
		magnitude := bits &^ (1 << 31)
		magnitude += 1<<12 - 1 + magnitude>>13&1 // to the nearest, of two to the even one
		to[i] = half((bits>>16&(1<<15) | magnitude>>13) & math.MaxUint16)
	}
}

func (h half) float() float32 {
	return math.Float32frombits(uint32(h&(1<<15))<<16|uint32(h&^(1<<15))<<13) / smaller
}
