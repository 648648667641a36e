package face

import "math"

// view is a part of a picture that the detector runs on: a rectangle of the shape
// of its input, at scale picture pixels to one of the input's.
type view struct {
	tile      bool // one of several of the same scale, at whole pixels of it
	scale     float64
	left, top float64 // picture pixels
	// tallest is the tallest face, in picture pixels, that is looked for.
	tallest float64
	// more tells on which sides the picture goes on: what touches one of them may
	// be a part of a face.
	more struct{ left, top, right, bottom bool }
}

// holds tells whether a box in the view, in pixels of the detector's input, is a
// whole face that is looked for.
func (v view) holds(left, top, right, bottom float64, d Detector) bool {
	return left < right && top < bottom && (bottom-top)*v.scale <= v.tallest &&
		(left >= 1 || !v.more.left) && (right <= float64(d.Width)-1 || !v.more.right) &&
		(top >= 1 || !v.more.top) && (bottom <= float64(d.Height)-1 || !v.more.bottom)
}

// whole is the picture as large as fits into the middle of the input.
func (d Detector) whole(width, height int) view {
	w, h := float64(width), float64(height)
	scale := max(w/float64(d.Width), h/float64(d.Height))
	return view{
		scale: scale, tallest: math.Inf(1),
		left: (w - float64(d.Width)*scale) / 2, top: (h - float64(d.Height)*scale) / 2,
	}
}

// farther is the whole at half its size.
func (d Detector) farther(width, height int) view {
	v := d.whole(width, height)
	v.left -= float64(d.Width) * v.scale / 2
	v.top -= float64(d.Height) * v.scale / 2
	v.scale *= 2
	return v
}

// Detail is how many pixels of a picture of that size become one, across, where it is
// searched for faces.
func (m *Models) Detail(width, height int) float64 {
	detail := m.Detector.whole(width, height).scale
	if m.effort.tiled(width, height) {
		for _, tile := range m.Detector.tiles(width, height) {
			detail = min(detail, tile.scale)
		}
	}
	return detail
}

const (
	// zoom is by how much the tiles show faces larger than the whole does. At 4 the usual
	// picture of 4:3 would take a row of tiles more, for hardly anything.
	zoom = 3.9
	// tileOverlap is how many pixels of the input neighbouring tiles share: a face that
	// the whole does not surely show, for which it must be 16 wide (measured; see
	// docs/recognition.md), is never cut by both.
	tileOverlap = 16 * zoom
)

// tiles is views that cover the picture, each larger than in the whole. Their number
// depends on the picture's shape, not its size. There are none where the whole shows
// every pixel.
func (d Detector) tiles(width, height int) []view {
	whole := d.whole(width, height).scale
	scale := max(whole/zoom, 1)
	if scale >= whole {
		return nil
	}
	var views []view
	columns, rows := begins(float64(width)/scale, float64(d.Width)), begins(float64(height)/scale, float64(d.Height))
	for i, left := range columns {
		for j, top := range rows {
			// A taller face is seen better in the whole; what looks like one here
			// is a part of a larger face.
			v := view{tile: true, scale: scale, left: left * scale, top: top * scale, tallest: float64(d.Height) / 2 * scale}
			v.more.left, v.more.right = i > 0, i < len(columns)-1
			v.more.top, v.more.bottom = j > 0, j < len(rows)-1
			views = append(views, v)
		}
	}
	return views
}

// begins gives where, in whole pixels, the tiles begin that cover a line: as few of the
// given length as overlap enough. One that is longer than the line lies around its middle.
func begins(line, length float64) []float64 {
	if line <= length {
		return []float64{math.Round((line - length) / 2)}
	}
	all := make([]float64, int(math.Ceil((line-tileOverlap)/(length-tileOverlap))))
	for i := range all {
		all[i] = math.Ceil((line - length) * float64(i) / float64(len(all)-1))
	}
	return all
}
