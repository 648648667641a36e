package picture

import "math"

// Affine maps a point (x, y) to (XX·x + XY·y + X, YX·x + YY·y + Y). Coordinates
// are continuous: the pixel in column i covers i to i+1, its centre is i+0.5.
type Affine struct {
	XX, XY, X float64
	YX, YY, Y float64
}

// Scale is the map that scales by sx and sy, then shifts by (x, y).
func Scale(sx, sy, x, y float64) Affine {
	return Affine{XX: sx, X: x, YY: sy, Y: y}
}

// Then is the map that does a first, b second.
func (a Affine) Then(b Affine) Affine {
	return Affine{
		XX: b.XX*a.XX + b.XY*a.YX, XY: b.XX*a.XY + b.XY*a.YY, X: b.XX*a.X + b.XY*a.Y + b.X,
		YX: b.YX*a.XX + b.YY*a.YX, YY: b.YX*a.XY + b.YY*a.YY, Y: b.YX*a.X + b.YY*a.Y + b.Y,
	}
}

// Apply maps one point.
func (a Affine) Apply(x, y float64) (float64, float64) {
	return a.XX*x + a.XY*y + a.X, a.YX*x + a.YY*y + a.Y
}

// magnification is by how much lengths grow, as the root of how areas do.
func (a Affine) magnification() float64 {
	return math.Sqrt(math.Abs(a.XX*a.YY - a.XY*a.YX))
}
