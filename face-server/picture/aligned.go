package picture

import "math"

// drawAligned fills dst where rows remain rows. Each of its pixels is the exact
// average of the area that it covers or, where a picture is enlarged, lies on the
// straight line between two pixels, across and down.
func (l level) drawAligned(dst []float32, width int, m Affine, outside float32) {
	columns := spans(width, m.XX, m.X, l.width, l.right)
	rows := spans(len(dst)/width, m.YY, m.Y, l.height, l.bottom)
	from, to := l.width, 0
	for _, c := range columns {
		from, to = min(from, c.first), max(to, c.first+len(c.weights))
	}
	line := make([]float32, l.width)
	for y, r := range rows {
		l.addUp(line, r, from, to)
		out := dst[y*width:][:width]
		for x := range columns {
			c := &columns[x]
			value := outside * (1 - r.inside*c.inside)
			switch w := c.weights; len(w) { // hardly ever more than three
			case 1:
				value += line[c.first] * w[0]
			case 2:
				v := line[c.first:][:2]
				value += v[0]*w[0] + v[1]*w[1]
			case 3:
				v := line[c.first:][:3]
				value += v[0]*w[0] + v[1]*w[1] + v[2]*w[2]
			default:
				for i, v := range line[c.first:][:len(w)] {
					value += v * w[i]
				}
			}
			out[x] = value
		}
	}
}

// addUp makes of the rows of a span one line, from one column up to another.
func (l level) addUp(line []float32, rows span, from, to int) {
	if len(rows.weights) == 0 || from >= to {
		clear(line)
		return
	}
	line = line[from:to]
	for i, weight := range rows.weights {
		row := l.pix[(rows.first+i)*l.stride:][from:to]
		if i == 0 {
			for x, v := range row {
				line[x] = weight * float32(v)
			}
			continue
		}
		for x, v := range row {
			line[x] += weight * float32(v)
		}
	}
}

// span is what one drawn pixel is made of, in one direction: the weights of the
// pixels from first on, and their sum, which is below 1 at the picture's edge.
type span struct {
	first   int
	weights []float32
	inside  float32
}

// spans gives the span of each of count drawn pixels. The first begins at start
// and each covers step of a picture that has length pixels and ends at end.
func spans(count int, step, start float64, length int, end float64) []span {
	all := make([]span, count)
	weights := make([]float32, 0, count*3)
	for i := range all {
		low, high := start+float64(i)*step, start+float64(i+1)*step
		if low > high {
			low, high = high, low
		}
		if high-low < 1 {
			// Between two centres: the same as to average one pixel's width.
			middle := (low + high) / 2
			low, high = middle-0.5, middle+0.5
			if middle < 0 || middle > end {
				continue
			}
			low, high = max(low, 0), min(high, end)
		}
		inLow, inHigh := max(low, 0), min(high, end)
		if !(inLow < inHigh) {
			continue
		}
		last := length - 1
		first := min(int(inLow), last)
		begin := len(weights)
		for k := first; k <= min(int(math.Ceil(inHigh))-1, last); k++ {
			upTo := float64(k + 1)
			if k == last {
				upTo = inHigh
			}
			weights = append(weights, float32((min(inHigh, upTo)-max(inLow, float64(k)))/(high-low)))
		}
		all[i] = span{first, weights[begin:len(weights):len(weights)], float32((inHigh - inLow) / (high - low))}
	}
	return all
}
