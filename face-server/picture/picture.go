// Package picture decodes a file into a picture in which faces can be searched for: it is
// upright, of bounded size, and quickly drawn in any size.
package picture

import "image"

// Picture is a decoded picture the right way up. It is kept as lightness and two
// colour differences (JFIF's Y'CbCr), the way JPEG and WebP carry it, so that most
// pictures are never copied. It is for one goroutine at a time.
type Picture struct {
	Width, Height int // pixels, upright

	// Warning says, in words for a user, what of the picture cannot be seen because its
	// file is damaged; empty for one that is whole.
	Warning string

	*raster
	upright Affine // from upright coordinates to those of the raster
}

// raster is a picture's pixels as they are stored.
type raster struct {
	components

	// finer decodes the picture again, for a drawing with so many of its pixels to one. It
	// gives false when that cannot be had. It is nil where the planes show every pixel.
	finer func(detail float64) (components, bool)
}

// New makes a Picture of an upright image whose bounds begin at (0, 0). It may share
// the image's pixels.
func New(img image.Image) *Picture {
	size := img.Bounds().Max
	return newPicture(img, size.X, size.Y, 1)
}

// newPicture takes a decoded image that fills a picture of width × height, stored in
// the given EXIF orientation.
func newPicture(decoded image.Image, width, height, orientation int) *Picture {
	return pictureOf(planes(decoded, width, height), width, height, orientation)
}

// pictureOf is a picture of the components of width × height pixels, stored in the given
// EXIF orientation.
func pictureOf(c components, width, height, orientation int) *Picture {
	p := &Picture{raster: &raster{components: c}}
	p.Width, p.Height, p.upright = rotate(width, height, orientation)
	return p
}

// Rotated is the picture given 0 to 3 quarter turns clockwise. It shares p's pixels,
// and p's goroutine.
func (p *Picture) Rotated(turns int) *Picture {
	rotated := *p
	var before Affine
	rotated.Width, rotated.Height, before = rotate(p.Width, p.Height, turnedBy[turns])
	rotated.upright = before.Then(p.upright)
	return &rotated
}

// Grey fills dst, rows of width pixels, with the lightness, 0 to 255, that m finds
// at each of its pixels: m maps a point of dst to a point of the upright picture.
// Around the picture it is black.
func (p *Picture) Grey(dst []float32, width int, m Affine) {
	p.refine(m)
	p.y.sample(dst, width, m.Then(p.upright))
}

// RGB is as Grey, in colour: a plane each for red, green and blue, of equal length.
func (p *Picture) RGB(red, green, blue []float32, width int, m Affine) {
	p.refine(m)
	m = m.Then(p.upright)
	p.y.sample(green, width, m)
	p.cb.sample(blue, width, m)
	p.cr.sample(red, width, m)
	for i, y := range green {
		cb, cr := blue[i]-128, red[i]-128
		// JFIF 1.02, "Conversion to and from RGB".
		red[i] = clamp(y + 1.402*cr)
		green[i] = clamp(y - 0.344136*cb - 0.714136*cr)
		blue[i] = clamp(y + 1.772*cb)
	}
}

// refine decodes the picture again where what is to be drawn is finer than the planes.
func (r *raster) refine(m Affine) {
	detail := m.magnification()
	if r.finer == nil || !(detail < float64(r.y.across)) {
		return
	}
	if c, ok := r.finer(detail); ok {
		r.components = c
	}
	if r.y.across == 1 {
		r.finer = nil
	}
}
