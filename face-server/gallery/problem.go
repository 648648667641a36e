package gallery

import "fmt"

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
)

// Limits is what a photo must show to be used.
type Limits struct {
	MinFace      float64 `envconfig:"GALLERY_MIN_FACE" default:"24" desc:"pixels that the face of a gallery photo must be wide"`
	MinLight     float64 `envconfig:"GALLERY_MIN_LIGHT" default:"0.15" desc:"mean lightness, 0 to 1, that it must have"`
	MinSharpness float64 `envconfig:"GALLERY_MIN_SHARPNESS" default:"0.04" desc:"sharpness that it must have; a good portrait has 0.1, one of 16 pixels enlarged 0.02 to 0.05"`
	MaxSecond    float64 `envconfig:"GALLERY_MAX_SECOND" default:"0.5" desc:"area, as a part of the largest face's, up to which a gallery photo's second face is in the background"`
}

// Check finds the limits that make no sense.
func (l Limits) Check() error {
	for setting, value := range map[string]float64{
		"GALLERY_MIN_LIGHT": l.MinLight, "GALLERY_MIN_SHARPNESS": l.MinSharpness, "GALLERY_MAX_SECOND": l.MaxSecond,
	} {
		if !(value >= 0 && value <= 1) {
			return fmt.Errorf("%s=%v: it must be 0 to 1", setting, value)
		}
	}
	if !(l.MinFace >= 0) {
		return fmt.Errorf("GALLERY_MIN_FACE=%v: it must be 0 or more", l.MinFace)
	}
	return nil
}

// judge tells what is wrong with a photo, and whether it is used all the same.
func (l Limits) judge(d description) (problems []Problem, usable bool) {
	switch {
	case d.unreadable != nil:
		return []Problem{Unreadable}, false
	case d.faces == 0:
		return []Problem{NoFace}, false
	}
	usable = true
	add := func(is bool, problem Problem, bad bool) {
		if is {
			problems = append(problems, problem)
			usable = usable && !bad
		}
	}
	add(d.faces > 1, SeveralFaces, d.second > l.MaxSecond)
	add(d.quality.Width < l.MinFace, TooSmall, true)
	add(d.quality.Light < l.MinLight, TooDark, true)
	add(d.quality.Sharpness < l.MinSharpness, Blurred, true)
	return problems, usable
}

// Advice says in words what is wrong and what helps.
func (p Problem) Advice() string {
	return map[Problem]string{
		Unreadable:   "it cannot be read: take a JPEG, PNG, WebP or GIF that a viewer shows",
		NoFace:       "no face found: take a photo that shows the face from the front",
		SeveralFaces: "several faces: cut the photo so that it shows one person",
		TooSmall:     "the face is too small: take a photo from closer or in a higher resolution",
		TooDark:      "the face is too dark: take a photo with more light",
		Blurred:      "the face is blurred: take a sharper photo",
	}[p]
}
