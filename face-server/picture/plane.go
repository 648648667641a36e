package picture

import "math"

// level is one component of a picture (lightness, or one of the two colour
// differences) as bytes, row by row.
type level struct {
	pix           []byte
	stride        int
	width, height int

	// Where the picture ends: half a pixel or more after the centre of the last
	// column and row, as fixed numbers from that of the first.
	right, bottom int
}

func newLevel(pix []byte, stride, width, height int) level {
	return level{pix, stride, width, height, width*one - half, height*one - half}
}

// halved is l with every 2×2 block averaged. An odd last row or column is dropped.
func (l level) halved() level {
	width, height := l.width/2, l.height/2
	small := newLevel(make([]byte, width*height), width, width, height)
	small.right, small.bottom = (l.right+half)/2-half, (l.bottom+half)/2-half
	for y := range height {
		upper := l.pix[2*y*l.stride:][:2*width]
		lower := l.pix[(2*y+1)*l.stride:][:2*width]
		row := small.pix[y*width:][:width]
		for x := range row {
			sum := int(upper[2*x]) + int(upper[2*x+1]) + int(lower[2*x]) + int(lower[2*x+1])
			row[x] = byte((sum + 2) / 4)
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
	shrink := m.magnification()
	l, factor := p.fit(shrink)
	m = m.Then(Scale(factor, factor, 0, 0))

	// A pixel of dst covers at most 2×2 of the level's, but for planes too thin to
	// be halved on.
	taps := []float64{0.5}
	if shrink*factor > 1 {
		taps = []float64{0.25, 0.75}
	}
	share := 1 / float32(len(taps)*len(taps))
	clear(dst)
	for _, down := range taps {
		for _, across := range taps {
			for row := range len(dst) / width {
				x, y := m.Apply(across, float64(row)+down)
				l.addRow(dst[row*width:][:width], fixed(x-0.5), fixed(y-0.5), fixed(m.XX), fixed(m.YX), p.outside, share)
			}
		}
	}
}

// A fixed number has 16 bits behind the point. Along a row of 320 pixels the error
// stays below 1/200 of a pixel.
const (
	one  = 1 << 16
	half = one / 2
)

func fixed(v float64) int { return int(math.Round(v * one)) }

// addRow adds to each pixel of row share of the value at (x, y), which goes on by
// (dx, dy) per pixel: fixed numbers, 0 being the centre of the first pixel.
func (l level) addRow(row []float32, x, y, dx, dy int, outside, share float32) {
	lastX, lastY := (l.width-1)*one, (l.height-1)*one
	between := share / (256 * 256)
	for i := range row {
		switch {
		case uint(x) < uint(lastX) && uint(y) < uint(lastY):
			at := (y>>16)*l.stride + x>>16
			upper, lower := l.pix[at:at+2], l.pix[at+l.stride:][:2]
			fx, fy := int32(x>>8&255), int32(y>>8&255)
			value := (int32(upper[0])*(256-fx)+int32(upper[1])*fx)*(256-fy) +
				(int32(lower[0])*(256-fx)+int32(lower[1])*fx)*fy
			row[i] += float32(value) * between
		case x >= -half && x <= l.right && y >= -half && y <= l.bottom:
			// Beyond the outermost centres.
			row[i] += float32(l.pix[min(max(y, 0), lastY)>>16*l.stride+min(max(x, 0), lastX)>>16]) * share
		default:
			row[i] += outside * share
		}
		x += dx
		y += dy
	}
}
