package lineup

// Layout is how a picture's file holds its pixels.
type Layout struct {
	Width       int `json:"width"` // as they are stored; 0 where the file does not tell
	Height      int `json:"height"`
	Orientation int `json:"orientation"` // of EXIF, 1 to 8; 1 is upright
}

// OnItsSide tells whether upright it is as wide as it is high as it is stored.
func (l Layout) OnItsSide() bool { return l.Orientation >= 5 }

// Stored gives where a box of the upright picture lies in the stored one, both in fractions.
func (l Layout) Stored(b Box) Box { return turned(b, l.Orientation) }

// Upright gives where a box of the stored picture lies in the upright one.
func (l Layout) Upright(b Box) Box {
	switch l.Orientation { // the others are their own inverses
	case 6:
		return turned(b, 8)
	case 8:
		return turned(b, 6)
	}
	return turned(b, l.Orientation)
}

// turned gives where a box of the picture as that orientation shows it was before.
func turned(b Box, orientation int) Box {
	if orientation >= 5 { // rows are columns
		b = Box{X: b.Y, Y: b.X, Width: b.Height, Height: b.Width}
	}
	switch orientation {
	case 2, 3, 7, 8:
		b.X = 1 - b.X - b.Width
	}
	switch orientation {
	case 3, 4, 6, 7:
		b.Y = 1 - b.Y - b.Height
	}
	return b
}
