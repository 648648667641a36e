package picture

import "lineup.dev/lineup/face-server/picture/turbo"

// What a derived picture may have.
const (
	thumbnailSide, thumbnailBytes = 320, 15 << 10
	cropSide, cropBytes           = 160, 5 << 10
	largeSide, largeBytes         = 1600, 1 << 20
)

// Thumbnail is the picture small: a JPEG of thumbnailBytes at most, upright, without metadata.
func (p *Picture) Thumbnail() ([]byte, error) { return p.whole(thumbnailSide, thumbnailBytes) }

// Large is the picture as large as a screen shows it, for what browsers do not show themselves.
func (p *Picture) Large() ([]byte, error) { return p.whole(largeSide, largeBytes) }

// Crop is a square part of the picture, with its centre there and that long in pixels, or
// what of it lies in the picture: a JPEG of cropBytes at most.
func (p *Picture) Crop(x, y, side float64) ([]byte, error) {
	width, height := float64(p.Width), float64(p.Height)
	side = max(1, min(side, width, height))
	left, top := min(max(0, x-side/2), width-side), min(max(0, y-side/2), height-side)
	return p.derive(part{left, top, side, side}, cropSide, cropBytes)
}

func (p *Picture) whole(side, most int) ([]byte, error) {
	return p.derive(part{0, 0, float64(p.Width), float64(p.Height)}, side, most)
}

// part is a rectangle of the picture, in pixels.
type part struct{ left, top, width, height float64 }

// quality is what derived pictures are saved with first, and lowest what they are saved with
// at least, before they are made smaller.
const quality, lowest, step = 75, 35, 20

// derive draws a part of the picture, its longer side no longer than side, as a JPEG of so
// many bytes at most. It shows no more than was decoded.
func (p *Picture) derive(of part, side, most int) ([]byte, error) {
	longer := max(of.width, of.height)
	for length := min(float64(side), max(1, longer/float64(p.y.across))); ; length *= 0.75 {
		drawn := p.draw(of, even(of.width*length/longer), even(of.height*length/longer))
		for q := quality; q >= lowest; q -= step {
			file, err := turbo.Encode(drawn, q)
			if err != nil || len(file) <= most || length <= smallest && q == lowest {
				return file, err
			}
		}
	}
}

// smallest is the side of a picture that fits any limit.
const smallest = 16

// even is the number of pixels nearest to a length that pairs of them fill, which share a colour.
func even(length float64) int { return 2 * max(1, int(length/2+0.5)) }

// draw gives a part of the picture in width × height pixels, made of what was decoded: to
// decode it again for this would cost more than it shows.
func (p *Picture) draw(of part, width, height int) turbo.Planes {
	m := Scale(of.width/float64(width), of.height/float64(height), of.left, of.top)
	coarse := Scale(2, 2, 0, 0).Then(m)
	return turbo.Planes{
		Width: width, Height: height,
		Y:  p.y.drawn(width, height, m.Then(p.upright)),
		Cb: p.cb.drawn(width/2, height/2, coarse.Then(p.upright)),
		Cr: p.cr.drawn(width/2, height/2, coarse.Then(p.upright)),
	}
}

// drawn is what sample gives, in bytes.
func (p *plane) drawn(width, height int, m Affine) []byte {
	values := make([]float32, width*height)
	p.sample(values, width, m)
	drawn := make([]byte, len(values))
	for i, v := range values {
		drawn[i] = byte(clamp(v + 0.5))
	}
	return drawn
}
