package face

// Box is a rectangle in a picture: outside this package in fractions of its width and
// height, inside in pixels. It may reach out of the picture.
type Box struct{ X, Y, Width, Height float64 }

// Area is a part of the picture's area.
func (b Box) Area() float64 { return b.Width * b.Height }

// Rotated is where a box in fractions of a picture lies in the picture given so many
// quarter turns clockwise; of less than none, counter-clockwise.
func (b Box) Rotated(turns int) Box {
	for range (turns%4 + 4) % 4 {
		b = Box{X: 1 - b.Y - b.Height, Y: b.X, Width: b.Height, Height: b.Width}
	}
	return b
}

func (b Box) scaled(x, y float64) Box { return Box{b.X * x, b.Y * y, b.Width * x, b.Height * y} }

// iou is the intersection over union of two boxes.
func iou(a, b Box) float64 {
	both := intersection(a, b)
	return both / (a.Area() + b.Area() - both)
}

// intersection is the area that two boxes share.
func intersection(a, b Box) float64 {
	width := min(a.X+a.Width, b.X+b.Width) - max(a.X, b.X)
	height := min(a.Y+a.Height, b.Y+b.Height) - max(a.Y, b.Y)
	return max(width, 0) * max(height, 0)
}
