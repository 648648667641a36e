package face

import (
	"context"

	"lineup.dev/lineup/face-server/picture"
)

const (
	// doubt is the evidence below which a picture may lie on its side or head. Most photos of
	// upright people have more, and a child upside down, whom the detector takes for
	// somebody upright, has .04.
	doubt = 0.3
	// certain is the score that a face needs to speak for another way up than the picture's. Of
	// 78 photos of people each has such a face; of 17,280 views of nobody one.
	certain = 0.8
)

// findAnyWayUp gives the faces in a picture, those of the highest score first, and what is
// doubtful, as they lie in the picture given so many quarter turns clockwise.
//
// Only where faces upright are in doubt are the other ways up tried, and by the
// picture as a whole, without tiles: most pictures in which nobody is found show
// nobody, whichever way up they are.
func (r *Recogniser) findAnyWayUp(ctx context.Context, p *picture.Picture) (faces, doubtful []detection, turns int, err error) {
	faces, doubtful, err = r.find(ctx, p)
	most := r.evidence(faces, 0)
	if err != nil || most >= doubt || !r.rotations {
		return faces, doubtful, 0, err
	}
	for n := 1; n <= 3; n++ {
		rotated := p.Rotated(n)
		inWhole, _, err := r.search(ctx, rotated, r.Detector.whole(rotated.Width, rotated.Height))
		if err != nil {
			return nil, nil, 0, err
		}
		if e := r.evidence(inWhole, certain); e > most {
			most, turns = e, n
		}
	}
	if turns > 0 {
		faces, doubtful, err = r.find(ctx, p.Rotated(turns))
	}
	return faces, doubtful, turns, err
}

// evidence says how much speaks for the way up in which these faces were found. Each of
// at least that score counts by its score, by how stable its landmarks are, and by the
// square of the cosine of its lean: one that leans by 45° speaks for two ways up.
func (r *Recogniser) evidence(faces []detection, score float32) (sum float64) {
	for _, f := range faces {
		if f.score >= score {
			a := r.alignment(f.landmarks)
			cos, sin := a.XX, a.YX // of the lean, times the scale
			sum += float64(f.score) * f.stability * cos * cos / (cos*cos + sin*sin)
		}
	}
	return sum
}
