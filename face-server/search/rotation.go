package search

import (
	"math"
	"math/rand/v2"
)

const (
	// planes is of how many bits a query's number is.
	planes = 3
	steps  = 1<<planes - 1

	// step is how far apart a query's numbers are, in standard deviations, so that as little as
	// can be of normally distributed ones is lost by so many bits (Max, Quantizing for minimum
	// distortion, 1960): lost is that.
	step = 0.586
	lost = 0.0374

	// MaxLength is a vector's: with more, distances would not fit 16 bits.
	MaxLength = 8192
)

// rotation turns vectors so that each of their numbers is a bit of all: whatever the numbers
// mean, their signs tell as much as those of normally distributed ones.
type rotation struct {
	padded int         // a power of two
	flips  [2][]uint32 // sign bits that change, before each Walsh-Hadamard transform
}

func newRotation(length int) rotation {
	r := rotation{padded: 64}
	for r.padded < length {
		r.padded *= 2
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same one everywhere, so that all replicas answer alike
	for i := range r.flips {
		r.flips[i] = make([]uint32, r.padded)
		for j := range r.flips[i] {
			r.flips[i][j] = random.Uint32() & (1 << 31)
		}
	}
	return r
}

// words is how many words the signs take.
func (r rotation) words() int { return r.padded / 64 }

// turn gives the vector turned; it is that much longer for each.
func (r rotation) turn(vector []float32) []float32 {
	turned := make([]float32, r.padded)
	copy(turned, vector)
	for _, flips := range r.flips {
		for i, flip := range flips {
			turned[i] = math.Float32frombits(math.Float32bits(turned[i]) ^ flip)
		}
		transform(turned)
	}
	return turned
}

// transform is the Walsh-Hadamard transform, two steps at a time as far as they are even.
func transform(v []float32) {
	half := 1
	for ; half*4 <= len(v); half *= 4 {
		for i := 0; i < len(v); i += 4 * half {
			a, b, c, d := v[i:][:half], v[i+half:][:half], v[i+2*half:][:half], v[i+3*half:][:half]
			for j := range a {
				p, q, r, s := a[j]+b[j], a[j]-b[j], c[j]+d[j], c[j]-d[j]
				a[j], b[j], c[j], d[j] = p+r, q+s, p-r, q-s
			}
		}
	}
	if half < len(v) {
		a, b := v[:half], v[half:][:half]
		for j := range a {
			a[j], b[j] = a[j]+b[j], a[j]-b[j]
		}
	}
}

// signs sets one bit for each number of the turned vector that is not below 0; word i goes
// to to[i*apart].
func (r rotation) signs(to []uint64, apart int, vector []float32) {
	turned := r.turn(vector)
	for i := range r.words() {
		var word uint64
		for j, v := range turned[i*64:][:64] {
			word |= uint64(1^math.Float32bits(v)>>31) << j
		}
		to[i*apart] = word
	}
}

// probe prepares a query for the first look.
func (r rotation) probe(query []float32) probe {
	turned := r.turn(query)
	var square float64
	for _, v := range turned {
		square += float64(v) * float64(v)
	}
	length := math.Sqrt(square)
	n := float64(r.padded)
	p := probe{planes: make([]uint64, r.words()*planes), farthest: steps * r.padded}
	scale := math.Sqrt(n) / (length * step)
	var along float64 // of the rounded query in the query's direction
	for i, v := range turned {
		level := uint64(min(max(float64(v)*scale+(steps+1)/2., 0), steps))
		for bit := range planes {
			p.planes[i/64*planes+bit] |= level >> bit & 1 << (i % 64)
		}
		along += (2*float64(level) - steps) * float64(v) / length
	}
	// A vector's signs go as far along it as √(2/π) of their length.
	p.unit = along * math.Sqrt(n*2/math.Pi)
	p.spread = math.Sqrt((math.Pi/2 - 1 + lost*math.Pi/2) / n)
	return p
}

// probe is a query as the first look sees it.
type probe struct {
	planes   []uint64 // planes bits of each number, a word of each plane after the other
	farthest int      // that a distance can be
	unit     float64  // distance of a vector at cosine c is about (farthest − c·unit) / 2
	spread   float64  // the standard deviation of a cosine of 0 estimated by that
}

// limit is the distance beyond which hardly a vector has a cosine of at least that.
func (p probe) limit(cosine float32) int {
	c := float64(cosine)
	spread := p.spread * math.Sqrt(max(1-c*c, 0.1)) // what is nearer is estimated better; some is left for rounding
	limit := (float64(p.farthest) - (c-doubt*spread)*p.unit) / 2
	return int(min(max(math.Ceil(limit), -1), float64(p.farthest)))
}
