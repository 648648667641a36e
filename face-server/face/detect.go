package face

import (
	"cmp"
	"context"
	"math"
	"slices"

	"lineup.dev/lineup/face-server/picture"
)

// detection is a face in a picture, in the picture's pixels.
type detection struct {
	box       Box
	score     float32
	landmarks []complex128
	stability float64 // of the landmarks, 0 to 1
	covered   bool    // a face though they are not stable
}

// find gives the faces in the picture, those of the highest score first, and what is
// doubtful.
func (r *Recogniser) find(ctx context.Context, p *picture.Picture) (faces, doubtful []detection, err error) {
	if r.effort.tiled(p.Width, p.Height) {
		tiles := r.Detector.tiles(p.Width, p.Height)
		if len(tiles) > 0 {
			r.tiled.paint(p, r.Detector.Input, tiles[0].scale)
		}
		for _, tile := range tiles {
			inTile, unstable, err := r.search(ctx, p, tile)
			if err != nil {
				return nil, nil, err
			}
			faces, doubtful = append(faces, inTile...), append(doubtful, unstable...)
		}
	}
	inWhole, unstable, err := r.search(ctx, p, r.Detector.whole(p.Width, p.Height))
	if err != nil {
		return nil, nil, err
	}
	// Where both show a face, its box is more exact in the tile.
	faces = append(suppress(faces, r.Detector.Overlap), inWhole...)
	faces = withoutParts(firstOfEach(faces, r.Detector.Overlap))
	slices.SortStableFunc(faces, byScore)
	return faces, append(doubtful, unstable...), nil
}

// search gives the faces in a view: what the detector takes for one and has stable
// landmarks. Without these it is doubtful.
func (r *Recogniser) search(ctx context.Context, p *picture.Picture, v view) (faces, doubtful []detection, err error) {
	candidates, err := r.detect(p, v)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range candidates {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		if r.landmarkRunner == nil {
			f.stability = 1
		} else if f.landmarks, f.stability, err = r.stableLandmarks(p, f.box); err != nil {
			return nil, nil, err
		}
		if f.stability >= 0 {
			faces = append(faces, f)
		} else {
			doubtful = append(doubtful, f)
		}
	}
	return faces, doubtful, ctx.Err()
}

// detect gives what the detector takes for faces in a view.
func (r *Recogniser) detect(p *picture.Picture, v view) ([]detection, error) {
	if err := r.look(p, v); err != nil {
		return nil, err
	}
	var faces []detection
	for _, c := range r.finder.candidates(r.Detector.Score) {
		b := c.box
		if !v.holds(b.X, b.Y, b.X+b.Width, b.Y+b.Height, r.Detector) {
			continue
		}
		box := Box{X: v.left + b.X*v.scale, Y: v.top + b.Y*v.scale, Width: b.Width * v.scale, Height: b.Height * v.scale}
		for i, point := range c.points {
			c.points[i] = complex(v.left, v.top) + point*complex(v.scale, 0)
		}
		faces = append(faces, detection{box: box, score: c.score, landmarks: c.points})
	}
	return suppress(faces, r.Detector.Overlap), nil
}

// look runs the detector on a view. A tile is a part of what was drawn for all of them.
func (r *Recogniser) look(p *picture.Picture, v view) error {
	if v.tile {
		return r.finder.show(&r.tiled, int(math.Round(v.left/v.scale)), int(math.Round(v.top/v.scale)))
	}
	return r.finder.run(p, picture.Scale(v.scale, v.scale, v.left, v.top))
}

func byScore(a, b detection) int { return cmp.Compare(b.score, a.score) }

// suppress keeps, of boxes that overlap by more than the given intersection over
// union, the one of the highest score (greedy non-maximum suppression).
func suppress(faces []detection, overlap float64) []detection {
	slices.SortStableFunc(faces, byScore)
	return firstOfEach(faces, overlap)
}

// firstOfEach keeps, of boxes that overlap by more than that, the first.
func firstOfEach(faces []detection, overlap float64) []detection {
	var kept []detection
	for _, f := range faces {
		if !slices.ContainsFunc(kept, func(k detection) bool { return iou(f.box, k.box) > overlap }) {
			kept = append(kept, f)
		}
	}
	return kept
}

// mostOfPart is how much of a face lies in another of which it is a part.
const mostOfPart = 0.6

// withoutParts leaves out what lies for the most part in a larger face: a nose, say,
// that looks like a face from close by.
func withoutParts(faces []detection) []detection {
	return slices.DeleteFunc(slices.Clone(faces), func(f detection) bool {
		return slices.ContainsFunc(faces, func(larger detection) bool {
			return larger.box.Area() > f.box.Area() && intersection(f.box, larger.box) > mostOfPart*f.box.Area()
		})
	})
}
