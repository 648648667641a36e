package face

import (
	"math"

	"lineup.dev/lineup/face-server/picture"
)

// liveness scores how likely the face in the box was there in person, 0 to 1, rather
// than as a photo or on a screen. Nobody has tested it against attacks.
func (r *Recogniser) liveness(p *picture.Picture, box Box) (float32, error) {
	l := r.Liveness
	// The box with its surroundings, as far as the picture goes, moved into it.
	width, height := float64(p.Width), float64(p.Height)
	grown := min(l.Crop, width/box.Width, height/box.Height)
	crop := Box{Width: grown * box.Width, Height: grown * box.Height}
	crop.X = min(max(box.X+box.Width/2-crop.Width/2, 0), width-crop.Width)
	crop.Y = min(max(box.Y+box.Height/2-crop.Height/2, 0), height-crop.Height)
	if err := r.livenessRunner.run(p, picture.Scale(crop.Width/float64(l.Width), crop.Height/float64(l.Height), crop.X, crop.Y)); err != nil {
		return 0, err
	}
	return softmax(r.livenessRunner.output(0), l.Live), nil
}

// softmax is the share of class i: exp(vᵢ) / Σ exp(v).
func softmax(v []float32, i int) float32 {
	var sum float64
	for _, x := range v {
		sum += math.Exp(float64(x - v[i]))
	}
	return float32(1 / sum)
}
