package face

import (
	"math/cmplx"

	"lineup.dev/lineup/face-server/picture"
)

// perturbations are how the crop around a face is shifted, in heights of its box, and
// scaled to see whether its landmarks stay where they are.
var perturbations = []struct{ right, down, scale float64 }{
	{0.08, 0.08, 1},
	{-0.08, 0.08, 0.9},
}

// stableLandmarks finds the landmarks of what is in the box, and tells how well they
// stay where they are when the crop is perturbed: 1 when they do, 0 when they move as
// far as they may, less when it is no face. Those of a face upright stay; on anything
// else, a face upside down too, the model draws a face that follows the crop.
func (r *Recogniser) stableLandmarks(p *picture.Picture, box Box) (points []complex128, stability float64, err error) {
	if points, err = r.landmark(p, box); err != nil || r.Landmarks.MaxDisplacement == 0 {
		return points, 1, err
	}
	var displacement float64 // the sum of the landmarks' mean displacements
	for _, n := range perturbations {
		width, height := box.Width*n.scale, box.Height*n.scale
		again, err := r.landmark(p, Box{
			X:     box.X + n.right*box.Height + (box.Width-width)/2,
			Y:     box.Y + n.down*box.Height + (box.Height-height)/2,
			Width: width, Height: height,
		})
		if err != nil {
			return nil, 0, err
		}
		for i := range points {
			displacement += cmplx.Abs(again[i]-points[i]) / float64(len(points))
		}
	}
	most := float64(len(perturbations)) * r.Landmarks.MaxDisplacement * box.Height
	return points, 1 - displacement/most, nil
}

// landmark finds the landmarks of the face in the box. A point (x, y) in the
// picture is x+iy.
func (r *Recogniser) landmark(p *picture.Picture, box Box) ([]complex128, error) {
	l := r.Landmarks
	side := l.Crop * box.Height
	left, top := box.X+box.Width/2-side/2, box.Y+box.Height/2-side/2
	if err := r.landmarkRunner.run(p, picture.Scale(side/float64(l.Width), side/float64(l.Height), left, top)); err != nil {
		return nil, err
	}
	out := r.landmarkRunner.output(0)
	points := make([]complex128, l.Points)
	for i := range points {
		points[i] = complex(left+side*float64(out[2*i]), top+side*float64(out[2*i+1]))
	}
	return points, nil
}
