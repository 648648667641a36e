package gallery

import (
	"math"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/picture"
)

// Face is a face of a photo, and how well it can be seen.
type Face struct {
	face.Face
	Quality
	Crop []byte // a JPEG of it, where that was asked for
}

// Quality is how well a face can be seen.
type Quality struct {
	Width     float64 // pixels of the photo
	Light     float64 // mean lightness, 0 to 1
	Sharpness float64 // see Measure
}

// measured is how many pixels a face is drawn wide and high to measure it: from that
// size on a photo's size makes no difference.
const measured = 64

// Measure measures the face in the box, which is in fractions of the picture.
//
// Sharpness is the root mean square of the discrete Laplacian (how much a pixel
// differs from the mean of its four neighbours) as a part of the standard deviation
// of the lightness, so that neither light nor contrast counts (after the focus
// measures compared by Pertuz, Puig and García, Pattern Recognition 46, 2013).
func Measure(p *picture.Picture, box face.Box) Quality {
	width, height := box.Width*float64(p.Width), box.Height*float64(p.Height)
	q := Quality{Width: width}
	side := int(min(max(width, 8), measured))
	grey := make([]float32, side*side)
	p.Grey(grey, side, picture.Scale(width/float64(side), height/float64(side), box.X*float64(p.Width), box.Y*float64(p.Height)))
	var sum, squares, laplacian float64
	for i, v := range grey {
		sum += float64(v)
		squares += float64(v) * float64(v)
		if x, y := i%side, i/side; 0 < x && x < side-1 && 0 < y && y < side-1 {
			edge := float64(v - (grey[i-1]+grey[i+1]+grey[i-side]+grey[i+side])/4)
			laplacian += edge * edge
		}
	}
	mean := sum / float64(len(grey))
	q.Light = mean / 255
	if variance := squares/float64(len(grey)) - mean*mean; variance > 0 {
		q.Sharpness = math.Sqrt(laplacian / float64((side-2)*(side-2)) / variance)
	}
	return q
}
