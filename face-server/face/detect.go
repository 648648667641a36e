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
}

// find gives the faces in the picture, those of the highest score first.
func (r *Recogniser) find(ctx context.Context, p *picture.Picture) ([]detection, error) {
	var faces []detection
	if r.effort.tiled(p.Width, p.Height) {
		tiles := r.Detector.tiles(p.Width, p.Height)
		if len(tiles) > 0 {
			r.tiled.paint(p, r.Detector.Input, tiles[0].scale)
		}
		for _, tile := range tiles {
			inTile, err := r.search(ctx, p, tile)
			if err != nil {
				return nil, err
			}
			faces = append(faces, inTile...)
		}
	}
	inWhole, err := r.search(ctx, p, r.Detector.whole(p.Width, p.Height))
	if err != nil {
		return nil, err
	}
	// Where both show a face, its box is more exact in the tile.
	faces = append(suppress(faces, r.Detector.Overlap), inWhole...)
	faces = withoutParts(firstOfEach(faces, r.Detector.Overlap))
	slices.SortStableFunc(faces, byScore)
	return faces, nil
}

// search gives the faces in a view: what the detector takes for one and has stable
// landmarks.
func (r *Recogniser) search(ctx context.Context, p *picture.Picture, v view) ([]detection, error) {
	candidates, err := r.detect(p, v)
	if err != nil {
		return nil, err
	}
	var faces []detection
	for _, f := range candidates {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if f.landmarks, f.stability, err = r.stableLandmarks(p, f.box); err != nil {
			return nil, err
		}
		if f.stability >= 0 {
			faces = append(faces, f)
		}
	}
	return faces, ctx.Err()
}

// detect gives what the detector takes for faces in a view.
func (r *Recogniser) detect(p *picture.Picture, v view) ([]detection, error) {
	if err := r.look(p, v); err != nil {
		return nil, err
	}
	d := r.Detector
	width, height := float64(d.Width), float64(d.Height)
	scores, corners := r.detectorRunner.output(0), r.detectorRunner.output(1)
	var faces []detection
	for i := range d.Candidates {
		score := scores[2*i+1]
		if !(score >= d.Score) {
			continue
		}
		left, top := float64(corners[4*i])*width, float64(corners[4*i+1])*height
		right, bottom := float64(corners[4*i+2])*width, float64(corners[4*i+3])*height
		if v.holds(left, top, right, bottom, d) {
			box := Box{X: v.left + left*v.scale, Y: v.top + top*v.scale, Width: (right - left) * v.scale, Height: (bottom - top) * v.scale}
			faces = append(faces, detection{box: box, score: score})
		}
	}
	return suppress(faces, d.Overlap), nil
}

// look runs the detector on a view. A tile is a part of what was drawn for all of them.
func (r *Recogniser) look(p *picture.Picture, v view) error {
	if v.tile {
		return r.detectorRunner.show(&r.tiled, int(math.Round(v.left/v.scale)), int(math.Round(v.top/v.scale)))
	}
	return r.detectorRunner.run(p, picture.Scale(v.scale, v.scale, v.left, v.top))
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

// withoutParts leaves out what lies for the most part in a larger face: a nose, say,
// that looks like a face from close by.
func withoutParts(faces []detection) []detection {
	const most = 0.6
	return slices.DeleteFunc(slices.Clone(faces), func(f detection) bool {
		return slices.ContainsFunc(faces, func(larger detection) bool {
			return larger.box.Area() > f.box.Area() && intersection(f.box, larger.box) > most*f.box.Area()
		})
	})
}
