package face

import (
	"math"
	"math/cmplx"

	"lineup.dev/lineup/face-server/picture"
)

// embed gives the embedding, of length 1, of a face. It is nil when the embedder hardly
// sees one.
func (r *Recogniser) embed(p *picture.Picture, d detection) ([]float32, error) {
	if err := r.embedderRunner.run(p, r.alignment(d.landmarks)); err != nil {
		return nil, err
	}
	unit, norm := normalised(r.embedderRunner.output(0))
	least := r.Embedder.MinNorm
	if d.covered {
		least = r.Covered.MinNorm
	}
	if norm < least {
		return nil, nil
	}
	return unit, nil
}

// alignment maps the embedder's input onto the face with these landmarks.
func (r *Recogniser) alignment(landmarks []complex128) picture.Affine {
	from, to := make([]complex128, len(r.Embedder.Align)), make([]complex128, len(r.Embedder.Align))
	for i, group := range r.Landmarks.Align {
		for _, point := range group {
			from[i] += landmarks[point] / complex(float64(len(group)), 0)
		}
		// The manifest counts from the first pixel's centre, which lies half a pixel in.
		to[i] = complex(r.Embedder.Align[i][0]+0.5, r.Embedder.Align[i][1]+0.5)
	}
	a, b := similarity(from, to)
	// to = a·from + b, and the way back.
	a, b = 1/a, -b/a
	return picture.Affine{
		XX: real(a), XY: -imag(a), X: real(b),
		YX: imag(a), YY: real(a), Y: imag(b),
	}
}

// similarity is the similarity transform (rotation, scale and translation) z → a·z + b
// that lays from upon to with the least sum of squared distances. With points as complex numbers it is the
// least-squares line through them: a = Σ conj(from'ᵢ)·to'ᵢ / Σ |from'ᵢ|², where '
// is the difference from the mean. a is never 0.
func similarity(from, to []complex128) (a, b complex128) {
	n := complex(float64(len(from)), 0)
	var meanFrom, meanTo complex128
	for i := range from {
		meanFrom += from[i] / n
		meanTo += to[i] / n
	}
	var product, square complex128
	for i := range from {
		f, t := from[i]-meanFrom, to[i]-meanTo
		product += cmplx.Conj(f) * t
		square += cmplx.Conj(f) * f
	}
	a = product / square
	if a == 0 || cmplx.IsNaN(a) || cmplx.IsInf(a) {
		a = 1 // all points in one place: there is nothing to rotate
	}
	return a, meanTo - a*meanFrom
}

// normalised is v scaled to length 1, and the norm it had. A vector of norm 0 stays as
// it is.
func normalised(v []float32) (unit []float32, norm float64) {
	var square float64
	for _, x := range v {
		square += float64(x) * float64(x)
	}
	norm = math.Sqrt(square)
	unit = make([]float32, len(v))
	if norm > 0 {
		for i, x := range v {
			unit[i] = float32(float64(x) / norm)
		}
	}
	return unit, norm
}
