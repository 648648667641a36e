package picture

import "math"

// A fixed number has 16 bits behind the point. Along a row of 320 pixels the error
// stays below 1/200 of a pixel.
const (
	one  = 1 << 16
	half = one / 2
)

func fixed(v float64) int { return int(math.Round(v * one)) }

// drawRotated fills dst where rows do not remain rows, by interpolation between
// four pixels and, where more than that are covered, at four points.
func (l level) drawRotated(dst []float32, width int, m Affine, outside float32) {
	points := []float64{0.5}
	if m.magnification() > 1 {
		points = []float64{0.25, 0.75}
	}
	share := 1 / float32(len(points)*len(points))
	clear(dst)
	for _, down := range points {
		for _, across := range points {
			for y := range len(dst) / width {
				x0, y0 := m.Apply(across, float64(y)+down)
				l.addRow(dst[y*width:][:width], fixed(x0-0.5), fixed(y0-0.5), fixed(m.XX), fixed(m.YX), outside, share)
			}
		}
	}
}

// addRow adds to each pixel of row share of the value at (x, y), which goes on by
// (dx, dy) per pixel: fixed numbers, 0 being the centre of the first pixel.
func (l level) addRow(row []float32, x, y, dx, dy int, outside, share float32) {
	lastX, lastY := (l.width-1)*one, (l.height-1)*one
	endX, endY := fixed(l.right-0.5), fixed(l.bottom-0.5)
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
		case x >= -half && x <= endX && y >= -half && y <= endY:
			// Beyond the outermost centres.
			row[i] += float32(l.pix[(min(max(y, 0), lastY)>>16)*l.stride+min(max(x, 0), lastX)>>16]) * share
		default:
			row[i] += outside * share
		}
		x += dx
		y += dy
	}
}
