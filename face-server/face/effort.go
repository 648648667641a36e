package face

import "fmt"

// Effort is how closely a picture is searched for faces. Its zero value is Auto.
type Effort int

const (
	// Auto is Thorough for pictures of more than a million pixels, else Fast.
	Auto Effort = iota
	// Fast runs the detector once on the picture as a whole. It finds faces from about a
	// twentieth of its width on.
	Fast
	// Thorough runs it on tiles of the picture, too, and finds faces of a quarter
	// of that size, in about twice the time.
	Thorough
)

// largePicture is the number of pixels above which Auto is Thorough.
const largePicture = 1_000_000

var efforts = map[Effort]string{Auto: "auto", Fast: "fast", Thorough: "thorough"}

func (e Effort) String() string { return efforts[e] }

// UnmarshalText reads auto, fast or thorough.
func (e *Effort) UnmarshalText(text []byte) error {
	for effort, name := range efforts {
		if name == string(text) {
			*e = effort
			return nil
		}
	}
	return fmt.Errorf("it must be auto, fast or thorough")
}

// tiled tells whether the detector runs on tiles of a picture of that size, too.
func (e Effort) tiled(width, height int) bool {
	return e == Thorough || e == Auto && width*height > largePicture
}
