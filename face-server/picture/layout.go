package picture

import (
	"bytes"

	"lineup.dev/lineup/pkg/photo"
)

// Layout is how a file holds a picture's pixels.
type Layout struct {
	Width, Height int // as they are stored; 0 where the header does not tell
	Orientation   int // of EXIF, 1 to 8; 0 and 1 are upright
}

// LayoutOf reads it from a file's headers.
func LayoutOf(body []byte) (l Layout) {
	format, known := photo.FormatOf(body)
	if !known {
		return l
	}
	d := decoders[format.MediaType]
	guard(func() error { //nolint:errcheck // what a broken header says is not known
		switch {
		case d.exif != nil:
			l.Orientation = orientationOf(d.exif(body))
		case format.MediaType == "image/heic", format.MediaType == "image/avif":
			l.Orientation = heifOrientation(body)
		}
		if format.MediaType == "image/jpeg" {
			frame := readJPEGFrame(body)
			l.Width, l.Height = frame.width, frame.height
			return nil
		}
		if d.config == nil {
			return nil
		}
		config, err := d.config(bytes.NewReader(body))
		l.Width, l.Height = config.Width, config.Height
		return err
	})
	return l
}

// OnItsSide tells whether upright it is as wide as it is high as it is stored.
func (l Layout) OnItsSide() bool { return l.Orientation >= 5 }

// Upright gives where a box of the stored picture lies in the upright one, both in
// fractions.
func (l Layout) Upright(x, y, width, height float64) (left, top, across, down float64) {
	back := l.Orientation
	switch back { // the others are their own inverses
	case 6:
		back = 8
	case 8:
		back = 6
	}
	_, _, m := rotate(1, 1, back)
	x1, y1 := m.Apply(x, y)
	x2, y2 := m.Apply(x+width, y+height)
	return min(x1, x2), min(y1, y2), max(x1, x2) - min(x1, x2), max(y1, y2) - min(y1, y2)
}
