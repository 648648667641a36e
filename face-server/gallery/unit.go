package gallery

import "gonum.org/v1/gonum/blas/gonum"

// roughly is how far a descriptor's squared length may be from 1: what single precision
// leaves is a ten thousandth of it.
const roughly = 0.02

// IsUnit tells whether a descriptor is of length 1, as all that are compared must be. One
// with a number that is none is not.
func IsUnit(descriptor []float32) bool {
	square := gonum.Implementation{}.Sdot(len(descriptor), descriptor, 1, descriptor, 1)
	return 1-roughly < square && square < 1+roughly
}
