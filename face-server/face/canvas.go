package face

import (
	"math"

	"lineup.dev/lineup/face-server/picture"
)

// canvas is a picture drawn once, as a network wants to see it, of which the network then
// looks at many parts that overlap.
type canvas struct {
	pixels        []float32 // a plane for each channel
	width, height int
	scale         float64 // picture pixels to one of the canvas
}

// paint draws the picture on the canvas. Its memory is used again.
func (c *canvas) paint(p *picture.Picture, in Input, scale float64) {
	c.width, c.height = int(math.Ceil(float64(p.Width)/scale)), int(math.Ceil(float64(p.Height)/scale))
	if n := c.width * c.height * in.channels(); n <= cap(c.pixels) {
		c.pixels = c.pixels[:n]
	} else {
		c.pixels = make([]float32, n)
	}
	c.scale = scale
	in.draw(p, picture.Scale(scale, scale, 0, 0), c.pixels, c.width)
}

// show runs the network on the part of the canvas whose first pixel is (left, top).
// Around the canvas it is black.
func (r *runner) show(c *canvas, left, top int) error {
	pixels, width, height := r.planes, r.input.Width, r.input.Height
	black := -r.input.Mean / r.input.Std
	from, to := min(max(-left, 0), width), min(max(c.width-left, 0), width)
	for i := range r.input.channels() * height {
		row, y := pixels[i*width:][:width], top+i%height
		if y < 0 || y >= c.height || from >= to {
			fill(row, black)
			continue
		}
		fill(row[:from], black)
		copy(row[from:to], c.pixels[(i/height*c.height+y)*c.width+left+from:])
		fill(row[to:], black)
	}
	return r.compute()
}

func fill(row []float32, v float32) {
	for i := range row {
		row[i] = v
	}
}
