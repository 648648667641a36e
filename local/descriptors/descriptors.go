// Package descriptors makes up descriptors for tests and measurements.
package descriptors

import (
	"math"
	"math/rand/v2"
)

// Length is how many numbers a descriptor has.
const Length = 512

// Crowd makes up descriptors that lie as those of real faces do: numbers that
// depend on each other, so that two strangers have a cosine of 0 ± 0.11 as if there
// were some 85 numbers instead of 512; and persons of 1 to 20 photos whose cosines
// lie between 0.4 and 0.95. (The models' figures are 604 same-person and 5,651
// different-person pairs: below 0.42 were 0.7 % of the former, above 3 in 100,000
// of the latter.)
type Crowd struct {
	*rand.Rand
	scale [Length]float32 // how much each independent number varies
}

// NewCrowd makes the same crowd of the same seed.
func NewCrowd(seed uint64) *Crowd {
	c := &Crowd{Rand: rand.New(rand.NewPCG(seed, 0))}
	for i := range c.scale {
		c.scale[i] = float32(1 / (1 + math.Pow(float64(i)/64, 2)))
	}
	return c
}

// Photos is count vectors, one person's after the other's; the last person of each
// photo is told in person.
func (c *Crowd) Photos(count int) (vectors [][]float32, persons [][]float32) {
	memory := make([]float32, count*Length)
	for len(vectors) < count {
		person := c.Person()
		for range min(1+c.IntN(20), count-len(vectors)) {
			v := memory[len(vectors)*Length:][:Length:Length]
			c.Photo(v, person)
			vectors, persons = append(vectors, v), append(persons, person)
		}
	}
	return vectors, persons
}

// Person is somebody's face, a vector of length 1.
func (c *Crowd) Person() []float32 {
	v := make([]float32, Length)
	c.random(v)
	return v
}

// Photo writes to v the person in some light: more or less of somebody else mixed in.
func (c *Crowd) Photo(v, person []float32) {
	c.random(v)
	other := float32(0.25 + 0.75*c.Float64())
	var square float32
	for i := range v {
		v[i] = person[i] + other*v[i]
		square += v[i] * v[i]
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(float64(square)))
	}
}

// random is a vector of length 1: independent numbers of different weight, turned
// by a Walsh-Hadamard matrix so that each of the vector's numbers is a bit of all.
func (c *Crowd) random(v []float32) {
	var square float32
	for i, scale := range c.scale {
		v[i] = float32(c.NormFloat64()) * scale
		square += v[i] * v[i]
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(float64(square * Length)))
	}
	for half := 1; half < Length; half *= 2 {
		for i := 0; i < Length; i += 2 * half {
			for j := i; j < i+half; j++ {
				v[j], v[j+half] = v[j]+v[j+half], v[j]-v[j+half]
			}
		}
	}
}
