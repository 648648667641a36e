package picture

import "math"

// level is one component of a picture (lightness, or one of the two colour
// differences) as bytes, row by row.
type level struct {
	pix           []byte
	stride        int
	width, height int
}

// halved is l with every 2×2 block averaged. An odd last row or column is dropped.
func (l level) halved() level {
	half := level{
		pix:    make([]byte, (l.width/2)*(l.height/2)),
		stride: l.width / 2,
		width:  l.width / 2,
		height: l.height / 2,
	}
	for y := range half.height {
		upper := l.pix[2*y*l.stride:][:2*half.width]
		lower := l.pix[(2*y+1)*l.stride:][:2*half.width]
		row := half.pix[y*half.stride:][:half.width]
		for x := range row {
			sum := int(upper[2*x]) + int(upper[2*x+1]) + int(lower[2*x]) + int(lower[2*x+1])
			row[x] = byte((sum + 2) / 4)
		}
	}
	return half
}

// plane is one component in full size and, made when first needed, in ever
// halved sizes (a mipmap): to draw a large plane small costs no more than to draw
// a small one, and every pixel of it counts.
type plane struct {
	levels  []level
	across  int // picture pixels per plane pixel, above 1 where colour is subsampled
	down    int
	outside float32 // the value around the picture: black
}

func newPlane(full level, across, down int, outside float32) *plane {
	return &plane{levels: []level{full}, across: across, down: down, outside: outside}
}

// level is the component halved n times, or as often as it can be.
func (p *plane) level(n int) (level, int) {
	for len(p.levels) <= n {
		last := p.levels[len(p.levels)-1]
		if last.width < 2 || last.height < 2 {
			return last, len(p.levels) - 1
		}
		p.levels = append(p.levels, last.halved())
	}
	return p.levels[n], n
}

// sample fills dst, rows of width pixels, with what m finds in the plane at each
// of dst's pixels. Shrinking averages, growing interpolates.
func (p *plane) sample(dst []float32, width int, m Affine) {
	m = m.Then(Scale(1/float64(p.across), 1/float64(p.down), 0, 0))
	shrink := m.magnification()
	l, n := p.level(max(0, int(math.Log2(max(shrink, 1)))))
	factor := math.Ldexp(1, -n)
	inside := bounds{float32(float64(p.levels[0].width) * factor), float32(float64(p.levels[0].height) * factor)}
	m = m.Then(Scale(factor, factor, 0, 0))

	// What is left to shrink is below 2 (but for planes too thin to halve): a
	// pixel of dst covers no more than 2×2 here.
	taps := 1
	if shrink*factor > 1.01 {
		taps = 2
	}
	step := 1 / float64(taps)
	for i := range dst {
		var sum float32
		for tap := range taps * taps {
			x, y := m.Apply(float64(i%width)+(float64(tap%taps)+0.5)*step, float64(i/width)+(float64(tap/taps)+0.5)*step)
			if fx, fy := float32(x), float32(y); inside.hold(fx, fy) {
				sum += l.at(fx, fy)
			} else {
				sum += p.outside
			}
		}
		dst[i] = sum / float32(taps*taps)
	}
}

type bounds struct{ width, height float32 }

func (b bounds) hold(x, y float32) bool { return x >= 0 && y >= 0 && x < b.width && y < b.height }

// at interpolates between the four pixels whose centres are nearest.
func (l level) at(x, y float32) float32 {
	x = min(max(x-0.5, 0), float32(l.width-1))
	y = min(max(y-0.5, 0), float32(l.height-1))
	left, top := int(x), int(y)
	right, bottom := min(left+1, l.width-1), min(top+1, l.height-1)
	x -= float32(left)
	y -= float32(top)
	upper, lower := l.pix[top*l.stride:], l.pix[bottom*l.stride:]
	return (float32(upper[left])*(1-x)+float32(upper[right])*x)*(1-y) +
		(float32(lower[left])*(1-x)+float32(lower[right])*x)*y
}
