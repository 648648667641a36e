package main

import (
	"fmt"

	"lineup.dev/lineup/pkg/store"
)

// cutout is a face that a browser cuts out of its picture's thumbnail.
type cutout struct {
	URL           string
	Width, Height int    // of the picture
	View          string // what is seen of it: left, top, width and height, in the same unit
}

// around is how many times longer than the face what is cut out is, as crops are.
const around = 1.5

// cutoutOf is for a face without a crop, as is one that a hand drew: crops are made at looks. It
// is nil where there is no thumbnail, or the picture's shape is not known.
func cutoutOf(seen store.Seen) *cutout {
	box, layout, thumbnail := seen.Face.Box, seen.Image.Layout, seen.Image.Thumbnail
	if box == nil || layout == nil || layout.Width <= 0 || layout.Height <= 0 || thumbnail == "" {
		return nil
	}
	c := cutout{URL: thumbnail.URL(), Width: layout.Width, Height: layout.Height}
	if layout.OnItsSide() {
		c.Width, c.Height = c.Height, c.Width
	}
	width, height := float64(c.Width), float64(c.Height)
	side := min(around*max(box.Width*width, box.Height*height), width, height)
	left := within((box.X+box.Width/2)*width-side/2, width-side)
	top := within((box.Y+box.Height/2)*height-side/2, height-side)
	c.View = fmt.Sprintf("%.1f %.1f %.1f %.1f", left, top, side, side)
	return &c
}

func within(value, most float64) float64 { return max(0, min(value, most)) }
