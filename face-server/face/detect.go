package face

import (
	"cmp"
	"slices"

	"lineup/face-server/picture"
)

// detect finds the faces' boxes and scores.
func (r *Recogniser) detect(p *picture.Picture) ([]Face, error) {
	d := r.Detector
	// The whole picture, as large as fits into the middle of the input.
	width, height := float64(d.Width), float64(d.Height)
	scale := max(float64(p.Width)/width, float64(p.Height)/height)
	left := (float64(p.Width) - width*scale) / 2
	top := (float64(p.Height) - height*scale) / 2
	if err := r.detecting.look(p, picture.Scale(scale, scale, left, top)); err != nil {
		return nil, err
	}
	scores, corners := r.detecting.output(0), r.detecting.output(1)
	var found []Face
	for i := range d.Candidates {
		score := scores[2*i+1]
		if !(score >= d.Score) {
			continue
		}
		box := Box{
			X:      left + float64(corners[4*i])*width*scale,
			Y:      top + float64(corners[4*i+1])*height*scale,
			Width:  float64(corners[4*i+2]-corners[4*i]) * width * scale,
			Height: float64(corners[4*i+3]-corners[4*i+1]) * height * scale,
		}
		if box.Width > 0 && box.Height > 0 {
			found = append(found, Face{Box: box, Score: score})
		}
	}
	return suppress(found, d.Overlap), nil
}

// suppress keeps, of boxes that overlap by more than the given intersection over
// union, the one of the highest score (greedy non-maximum suppression).
func suppress(found []Face, overlap float64) []Face {
	slices.SortStableFunc(found, func(a, b Face) int { return cmp.Compare(b.Score, a.Score) })
	var kept []Face
	for _, f := range found {
		if !slices.ContainsFunc(kept, func(k Face) bool { return iou(f.Box, k.Box) > overlap }) {
			kept = append(kept, f)
		}
	}
	return kept
}

// iou is the area that two boxes share as a part of the area that they cover.
func iou(a, b Box) float64 {
	width := min(a.X+a.Width, b.X+b.Width) - max(a.X, b.X)
	height := min(a.Y+a.Height, b.Y+b.Height) - max(a.Y, b.Y)
	if width <= 0 || height <= 0 {
		return 0
	}
	shared := width * height
	return shared / (a.Area() + b.Area() - shared)
}
