package picture

// level is one component of a picture (lightness, or one of the two colour
// differences) as bytes, row by row.
type level struct {
	pix           []byte
	stride        int
	width, height int

	// How far the picture goes, in pixels: halving an odd number of columns or
	// rows drops the last, and these then lie half a pixel or more beyond.
	right, bottom float64
}

func newLevel(pix []byte, stride, width, height int) level {
	return level{pix, stride, width, height, float64(width), float64(height)}
}

// halved is l with every 2×2 block averaged.
func (l level) halved() level {
	width, height := l.width/2, l.height/2
	small := level{make([]byte, width*height), width, width, height, l.right / 2, l.bottom / 2}
	for y := range height {
		upper := l.pix[2*y*l.stride:][:2*width]
		lower := l.pix[(2*y+1)*l.stride:][:2*width]
		row := small.pix[y*width:][:width]
		for x := range row {
			sum := int(upper[2*x]) + int(upper[2*x+1]) + int(lower[2*x]) + int(lower[2*x+1])
			row[x] = byte((sum + 2) / 4) //nolint:gosec // the mean of four bytes
		}
	}
	return small
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

// fit is the component halved so often that what is left to shrink is below 2, or
// as often as can be, and how much smaller it is.
func (p *plane) fit(shrink float64) (level, float64) {
	n, factor := 0, 1.
	for ; shrink*factor >= 2; factor /= 2 {
		if n+1 == len(p.levels) {
			if last := p.levels[n]; last.width < 2 || last.height < 2 {
				break
			}
			p.levels = append(p.levels, p.levels[n].halved())
		}
		n++
	}
	return p.levels[n], factor
}

// sample fills dst, rows of width pixels, with what m finds in the plane at each
// of dst's pixels. Shrinking averages, growing interpolates.
func (p *plane) sample(dst []float32, width int, m Affine) {
	m = m.Then(Scale(1/float64(p.across), 1/float64(p.down), 0, 0))
	l, factor := p.fit(m.magnification())
	m = m.Then(Scale(factor, factor, 0, 0))
	switch {
	case m.XY == 0 && m.YX == 0:
		l.drawAligned(dst, width, m, p.outside)
	case m.XX == 0 && m.YY == 0:
		// A rotation by 90°: drawn with rows for columns, then transposed.
		height := len(dst) / width
		transposed := make([]float32, len(dst))
		l.drawAligned(transposed, height, Affine{XX: m.XY, X: m.X, YY: m.YX, Y: m.Y}, p.outside)
		for i := range dst {
			dst[i] = transposed[i%width*height+i/width]
		}
	default:
		l.drawRotated(dst, width, m, p.outside)
	}
}
