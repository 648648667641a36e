package face

import (
	"context"
	"slices"

	"lineup.dev/lineup/face-server/picture"
)

// covered gives the faces without steady landmarks: covered by a mask, by sunglasses or a
// hand, seen from the side or badly lit. doubtful is what the detector took for a face beside
// those found. On a face, and hardly on anything else, the detector is as sure at every size
// and the other way round; so it looks again.
func (r *Recogniser) covered(ctx context.Context, p *picture.Picture, found, doubtful []detection) ([]detection, error) {
	if r.Covered == nil {
		return nil, nil
	}
	faces, err := r.sure(ctx, p, found, doubtful)
	if err != nil || len(found)+len(faces) > 0 {
		return faces, err
	}
	// A face that fills the picture is seen better from farther away.
	steady, doubtful, err := r.search(ctx, p, r.Detector.farther(p.Width, p.Height))
	if err != nil {
		return nil, err
	}
	faces, err = r.sure(ctx, p, steady, doubtful)
	return append(steady, faces...), err
}

// sure gives what of doubtful is a face by further looks at it, the highest score first, and
// none where a face was found. No more than so many are looked at.
func (r *Recogniser) sure(ctx context.Context, p *picture.Picture, found, doubtful []detection) ([]detection, error) {
	slices.SortStableFunc(doubtful, byScore)
	found = slices.Clone(found)
	before, looked := len(found), 0
	for _, d := range doubtful {
		if looked == r.Covered.Most || ctx.Err() != nil {
			break
		}
		if slices.ContainsFunc(found, func(f detection) bool { return sameFace(f.box, d.box, r.Detector.Overlap) }) {
			continue
		}
		looked++
		sure, err := r.looksLikeAFace(p, d.box)
		if err == nil && sure {
			sure, err = r.upright(p, d)
		}
		if err != nil {
			return nil, err
		}
		if sure {
			d.covered = true
			found = append(found, d)
		}
	}
	return found[before:], ctx.Err()
}

// looksLikeAFace tells whether the detector is sure of a face at each height and, at each, also
// in a mirror. What is none fails at the first look mostly.
func (r *Recogniser) looksLikeAFace(p *picture.Picture, box Box) (bool, error) {
	for _, height := range r.Covered.Heights {
		for _, mirrored := range []bool{false, true} {
			score, err := r.scoreAt(p, box, height, mirrored)
			if err != nil || score < r.Covered.Score {
				return false, err
			}
		}
	}
	return true, nil
}

// upright tells whether a face has no nearly steady landmarks when it is put on its head: the
// detector knows faces upside down, the embedder does not.
func (r *Recogniser) upright(p *picture.Picture, d detection) (bool, error) {
	box := d.box
	onItsHead := Box{X: float64(p.Width) - box.X - box.Width, Y: float64(p.Height) - box.Y - box.Height, Width: box.Width, Height: box.Height}
	_, stability, err := r.stableLandmarks(p.Rotated(2), onItsHead)
	const nearly = -0.5 // half as much again as may be
	return stability < nearly || stability < d.stability, err
}

// scoreAt is how sure the detector is of a face in this box when the picture is drawn with the
// box in the middle of the input, so many of its pixels high.
func (r *Recogniser) scoreAt(p *picture.Picture, box Box, height float64, mirrored bool) (best float32, err error) {
	d, scale := r.Detector, box.Height/height
	width, middle := float64(d.Width), float64(d.Height)/2
	m := picture.Scale(scale, scale, box.X+box.Width/2-scale*width/2, box.Y+box.Height/2-scale*middle)
	if mirrored {
		m.XX, m.X = -m.XX, m.X+scale*width
	}
	if err := r.detectorRunner.run(p, m); err != nil {
		return 0, err
	}
	const alike = 0.4 // intersection over union: the box may move a little
	wide := box.Width / scale
	want := Box{width/2 - wide/2, middle - height/2, wide, height}
	scores := r.detectorRunner.output(0)
	for i := range d.Candidates {
		if score := scores[2*i+1]; score > best && iou(r.corners(i), want) > alike {
			best = score
		}
	}
	return best, nil
}

// sameFace tells whether two boxes are one face's, or one a part of the other.
func sameFace(a, b Box, overlap float64) bool {
	return iou(a, b) > overlap || intersection(a, b) > mostOfPart*min(a.Area(), b.Area())
}
