package gallery

import "lineup.dev/lineup/pkg/photo"

// Problem is what can be wrong with a photo.
type Problem uint8

// The problems there are.
const (
	Unreadable   Problem = iota + 1 // no picture, broken, too large
	NoFace                          // none was found
	SeveralFaces                    // whose photo is it?
	TooSmall                        // the face has too few pixels
	TooDark
	Blurred
	Occluded // it is covered in part, turned aside or hardly lit
)

// Requirements are what a photo must show to be used.
type Requirements struct {
	MinFace      float64 `envconfig:"GALLERY_MIN_FACE" default:"24" min:"0" max:"10000" desc:"pixels that the face of a gallery photo must be wide"`
	MinLight     float64 `envconfig:"GALLERY_MIN_LIGHT" default:"0.15" min:"0" max:"1" desc:"mean lightness, 0 to 1, that it must have"`
	MinSharpness float64 `envconfig:"GALLERY_MIN_SHARPNESS" default:"0.04" min:"0" max:"1" desc:"sharpness that it must have; a good portrait has 0.1, one of 16 pixels enlarged 0.02 to 0.05"`
	MaxSecond    float64 `envconfig:"GALLERY_MAX_SECOND" default:"0.5" min:"0" max:"1" desc:"area, as a part of the largest face's, up to which a gallery photo's second face is in the background"`
}

// problems tells what is wrong with a photo that shows these faces, the largest first, and
// whether it is used all the same.
func (r Requirements) problems(faces []Face) (all []Problem, usable bool) {
	if len(faces) == 0 {
		return []Problem{NoFace}, false
	}
	usable = true
	if len(faces) > 1 {
		all = append(all, SeveralFaces)
		usable = faces[1].Box.Area() <= r.MaxSecond*faces[0].Box.Area()
	}
	own := r.Of(faces[0])
	return append(all, own...), usable && len(own) == 0
}

// Of tells what is wrong with a face.
func (r Requirements) Of(f Face) (all []Problem) {
	for _, one := range []struct {
		is      bool
		problem Problem
	}{{f.Width < r.MinFace, TooSmall}, {f.Light < r.MinLight, TooDark}, {f.Sharpness < r.MinSharpness, Blurred}, {f.Occluded, Occluded}} {
		if one.is {
			all = append(all, one.problem)
		}
	}
	return all
}

// Advice says in words what is wrong and what helps.
func (p Problem) Advice() string {
	return map[Problem]string{
		Unreadable:   "it cannot be read: take a " + photo.FormatNames() + " that a viewer shows",
		NoFace:       "no face found: take a photo that shows the face from the front",
		SeveralFaces: "several faces: cut the photo so that it shows one person",
		TooSmall:     "the face is too small: take a photo from closer or in a higher resolution",
		TooDark:      "the face is too dark: take a photo with more light",
		Blurred:      "the face is blurred: take a sharper photo",
		Occluded:     "the face is covered in part or turned aside: take a photo that shows all of it from the front",
	}[p]
}
