package search_test

import (
	"math"
	"math/rand/v2"
)

const length = 512

// crowd makes up descriptors that lie as those of real faces do: numbers that
// depend on each other, so that two strangers have a cosine of 0 ± 0.11 as if there
// were some 85 numbers instead of 512; and persons of 1 to 20 photos whose cosines
// lie between 0.4 and 0.95. (The models' figures are 604 same-person and 5,651
// different-person pairs: below 0.42 were 0.7 % of the former, above 3 in 100,000
// of the latter.)
type crowd struct {
	*rand.Rand
	scale [length]float32 // how much each independent number varies
}

func newCrowd(seed uint64) *crowd {
	c := &crowd{Rand: rand.New(rand.NewPCG(seed, 0))}
	for i := range c.scale {
		c.scale[i] = float32(1 / (1 + math.Pow(float64(i)/64, 2)))
	}
	return c
}

// photos is count vectors, one person's after the other's; the last person of each
// photo is told in person.
func (c *crowd) photos(count int) (vectors [][]float32, persons [][]float32) {
	memory := make([]float32, count*length)
	for len(vectors) < count {
		person := c.person()
		for range min(1+c.IntN(20), count-len(vectors)) {
			v := memory[len(vectors)*length:][:length:length]
			c.photo(v, person)
			vectors, persons = append(vectors, v), append(persons, person)
		}
	}
	return vectors, persons
}

func (c *crowd) person() []float32 {
	v := make([]float32, length)
	c.random(v)
	return v
}

// photo is the person in some light: more or less of somebody else mixed in.
func (c *crowd) photo(v, person []float32) {
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
func (c *crowd) random(v []float32) {
	var square float32
	for i, scale := range c.scale {
		v[i] = float32(c.NormFloat64()) * scale
		square += v[i] * v[i]
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(float64(square * length)))
	}
	for half := 1; half < length; half *= 2 {
		for i := 0; i < length; i += 2 * half {
			for j := i; j < i+half; j++ {
				v[j], v[j+half] = v[j]+v[j+half], v[j]-v[j+half]
			}
		}
	}
}
