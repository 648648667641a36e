package face

import (
	"math"
	"math/cmplx"

	"lineup/face-server/picture"
)

// describe gives the embedding, of length 1, of the face in the box.
func (r *Recogniser) describe(p *picture.Picture, box Box) ([]float32, error) {
	points, err := r.landmark(p, box)
	if err != nil {
		return nil, err
	}
	if err := r.embedding.look(p, r.alignment(points)); err != nil {
		return nil, err
	}
	return normalised(r.embedding.output(0)), nil
}

// landmark finds the face's landmarks. A point (x, y) in the picture is x+iy.
func (r *Recogniser) landmark(p *picture.Picture, box Box) ([]complex128, error) {
	l := r.Landmarks
	side := l.Crop * box.Height
	left, top := box.X+box.Width/2-side/2, box.Y+box.Height/2-side/2
	if err := r.landmarking.look(p, picture.Scale(side/float64(l.Width), side/float64(l.Height), left, top)); err != nil {
		return nil, err
	}
	found := r.landmarking.output(0)
	points := make([]complex128, l.Points)
	for i := range points {
		points[i] = complex(left+side*float64(found[2*i]), top+side*float64(found[2*i+1]))
	}
	return points, nil
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

// similarity is the turn, scale and shift z → a·z + b that lays from upon to with
// the least sum of squared distances. With points as complex numbers it is the
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
		a = 1 // all points in one place: there is nothing to turn
	}
	return a, meanTo - a*meanFrom
}

// normalised is v scaled to length 1; a vector of no length stays as it is.
func normalised(v []float32) []float32 {
	var square float64
	for _, x := range v {
		square += float64(x) * float64(x)
	}
	unit := make([]float32, len(v))
	if length := math.Sqrt(square); length > 0 {
		for i, x := range v {
			unit[i] = float32(float64(x) / length)
		}
	}
	return unit
}
