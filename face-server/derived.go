package main

import (
	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/pkg/photo"
)

// derived are the pictures that are made of one beside those of its faces.
type derived struct{ thumbnail, large []byte }

// derivedFor is nil unless the request asks for derived pictures.
func derivedFor(request interface{ GetDerived() bool }) *derived {
	if !request.GetDerived() {
		return nil
	}
	return new(derived)
}

// around is how many times longer than the face a crop of it is.
const around = 1.5

// make makes them of a decoded picture, and a crop of each face.
func (d *derived) make(p *picture.Picture, body []byte, faces []gallery.Face) (err error) {
	if d.thumbnail, err = p.Thumbnail(); err != nil {
		return err
	}
	if format, known := photo.FormatOf(body); known && !format.Browsers {
		if d.large, err = p.Large(); err != nil {
			return err
		}
	}
	for i := range faces {
		f := &faces[i]
		upright, at := p.Rotated(f.Turns), f.Box.Rotated(f.Turns)
		width, height := float64(upright.Width), float64(upright.Height)
		side := around * max(at.Width*width, at.Height*height)
		if f.Crop, err = upright.Crop((at.X+at.Width/2)*width, (at.Y+at.Height/2)*height, side); err != nil {
			return err
		}
	}
	return nil
}
