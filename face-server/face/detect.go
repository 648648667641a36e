package face

import (
	"cmp"
	"context"
	"slices"

	"lineup.dev/lineup/face-server/picture"
)

// found is a face in a picture, in the picture's pixels.
type found struct {
	box    Box
	score  float32
	points []complex128 // its landmarks
}

// find gives the faces in the picture, the surest first.
func (r *Recogniser) find(ctx context.Context, p *picture.Picture) ([]found, error) {
	var faces []found
	if r.effort.looksAtParts(p.Width, p.Height) {
		for _, v := range r.Detector.parts(p.Width, p.Height) {
			seen, err := r.see(ctx, p, v)
			if err != nil {
				return nil, err
			}
			faces = append(faces, seen...)
		}
	}
	seen, err := r.see(ctx, p, r.Detector.whole(p.Width, p.Height))
	if err != nil {
		return nil, err
	}
	// Where both show a face, its box is more exact in the part.
	faces = append(suppress(faces, r.Detector.Overlap), seen...)
	faces = withoutParts(firstOfEach(faces, r.Detector.Overlap))
	slices.SortStableFunc(faces, bySureness)
	return faces, nil
}

// see gives the faces in a view: what the detector takes for one and has steady
// landmarks.
func (r *Recogniser) see(ctx context.Context, p *picture.Picture, v view) ([]found, error) {
	candidates, err := r.detect(p, v)
	if err != nil {
		return nil, err
	}
	var faces []found
	for _, f := range candidates {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		points, steady, err := r.steadyLandmarks(p, f.box)
		if err != nil {
			return nil, err
		}
		if steady {
			f.points = points
			faces = append(faces, f)
		}
	}
	return faces, ctx.Err()
}

// detect gives what the detector takes for faces in a view.
func (r *Recogniser) detect(p *picture.Picture, v view) ([]found, error) {
	if err := r.detecting.look(p, picture.Scale(v.scale, v.scale, v.left, v.top)); err != nil {
		return nil, err
	}
	d := r.Detector
	width, height := float64(d.Width), float64(d.Height)
	scores, corners := r.detecting.output(0), r.detecting.output(1)
	var faces []found
	for i := range d.Candidates {
		score := scores[2*i+1]
		if !(score >= d.Score) {
			continue
		}
		left, top := float64(corners[4*i])*width, float64(corners[4*i+1])*height
		right, bottom := float64(corners[4*i+2])*width, float64(corners[4*i+3])*height
		if v.holds(left, top, right, bottom, d) {
			box := Box{X: v.left + left*v.scale, Y: v.top + top*v.scale, Width: (right - left) * v.scale, Height: (bottom - top) * v.scale}
			faces = append(faces, found{box: box, score: score})
		}
	}
	return suppress(faces, d.Overlap), nil
}

func bySureness(a, b found) int { return cmp.Compare(b.score, a.score) }

// suppress keeps, of boxes that overlap by more than the given intersection over
// union, the one of the highest score (greedy non-maximum suppression).
func suppress(faces []found, overlap float64) []found {
	slices.SortStableFunc(faces, bySureness)
	return firstOfEach(faces, overlap)
}

// firstOfEach keeps, of boxes that overlap by more than that, the first.
func firstOfEach(faces []found, overlap float64) []found {
	var kept []found
	for _, f := range faces {
		if !slices.ContainsFunc(kept, func(k found) bool { return iou(f.box, k.box) > overlap }) {
			kept = append(kept, f)
		}
	}
	return kept
}

// withoutParts leaves out what lies for the most part in a larger face: a nose, say,
// that looks like a face from close by.
func withoutParts(faces []found) []found {
	const most = 0.6
	return slices.DeleteFunc(slices.Clone(faces), func(f found) bool {
		return slices.ContainsFunc(faces, func(larger found) bool {
			return larger.box.Area() > f.box.Area() && common(f.box, larger.box) > most*f.box.Area()
		})
	})
}

// iou is the area that two boxes share as a part of the area that they cover.
func iou(a, b Box) float64 {
	both := common(a, b)
	return both / (a.Area() + b.Area() - both)
}

// common is the area that two boxes share.
func common(a, b Box) float64 {
	width := min(a.X+a.Width, b.X+b.Width) - max(a.X, b.X)
	height := min(a.Y+a.Height, b.Y+b.Height) - max(a.Y, b.Y)
	return max(width, 0) * max(height, 0)
}
