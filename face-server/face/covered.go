package face

import (
	"context"
	"slices"

	"lineup.dev/lineup/face-server/picture"
)

// covered gives the faces without steady landmarks: covered by a mask, by sunglasses or a
// hand, seen from the side or badly lit. doubtful is what the detector took for a face beside
// those found. A second detector, which learned from other pictures, is asked about it: on
// what is no face the two hardly ever agree.
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
		sure, err := r.looksLikeAFace(p, d)
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

const (
	// weightOfFirst is how much the first detector's score counts beside the second's, which is
	// seldom wrong where the first is.
	weightOfFirst = 1. / 6
	// surerOnItsHead is by how much more the second detector must be sure of a face on its head for
	// it to be upside down: then the first knows it, the embedder does not.
	surerOnItsHead = 0.12
)

// looksLikeAFace tells whether both detectors together are sure enough of a face, and the second
// not surer by far when it is put on its head.
func (r *Recogniser) looksLikeAFace(p *picture.Picture, d detection) (bool, error) {
	least := (r.Covered.Score - weightOfFirst*d.score) / (1 - weightOfFirst)
	upright, err := r.meanScore(p, d.box, least)
	if err != nil || upright < least {
		return false, err
	}
	box := d.box
	onItsHead := Box{X: float64(p.Width) - box.X - box.Width, Y: float64(p.Height) - box.Y - box.Height, Width: box.Width, Height: box.Height}
	inverted, err := r.meanScore(p.Rotated(2), onItsHead, upright+surerOnItsHead)
	return inverted < upright+surerOnItsHead, err
}

// meanScore is how sure the second detector is of a face in the box, from near and from far. It
// looks no further once less than least is sure.
func (r *Recogniser) meanScore(p *picture.Picture, box Box, least float32) (mean float32, err error) {
	looks := float32(len(r.Covered.Sides))
	for i, side := range r.Covered.Sides {
		score, err := r.secondScore(p, box, side)
		if err != nil {
			return 0, err
		}
		mean += score / looks
		if after := looks - float32(i) - 1; mean+after/looks < least {
			return 0, nil
		}
	}
	return mean, nil
}

// secondScore is how sure the second detector is of a face in this box when it sees a square
// around it, so many of its heights wide.
func (r *Recogniser) secondScore(p *picture.Picture, box Box, side float64) (best float32, err error) {
	d := r.second
	scale := side * box.Height / float64(d.Height)
	left, top := box.X+box.Width/2-scale*float64(d.Width)/2, box.Y+box.Height/2-scale*float64(d.Height)/2
	if err := d.run(p, picture.Scale(scale, scale, left, top)); err != nil {
		return 0, err
	}
	want := Box{X: (box.X - left) / scale, Y: (box.Y - top) / scale, Width: box.Width / scale, Height: box.Height / scale}
	const alike = 0.25 // intersection over union: what the two take for a face's box differs
	for _, c := range d.candidates(d.Score) {
		if c.score > best && iou(c.box, want) > alike {
			best = c.score
		}
	}
	return best, nil
}

// sameFace tells whether two boxes are one face's, or one a part of the other.
func sameFace(a, b Box, overlap float64) bool {
	return iou(a, b) > overlap || intersection(a, b) > mostOfPart*min(a.Area(), b.Area())
}
