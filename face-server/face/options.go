package face

import "fmt"

// Options are what a set of models can be opened with; the zero value is what
// [Open] uses.
type Options struct {
	// Effort says how closely pictures are looked at.
	Effort Effort
	// MaxFaces is how many faces of a picture are described, the surest; 0 means 256.
	MaxFaces int
	// Liveness has every face judged by the manifest's liveness model, too.
	Liveness bool
}

const defaultMaxFaces = 256

// Effort is how closely a picture is looked at. Its zero value is Auto.
type Effort int

const (
	// Auto is Thorough for pictures of more than a million pixels, else Fast.
	Auto Effort = iota
	// Fast looks once at the picture as a whole. It finds faces from about a
	// twentieth of its width on.
	Fast
	// Thorough looks at the parts of the picture, too, and finds faces of a
	// quarter of that size, in about twice the time.
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

// looksAtParts tells whether a picture of that size is looked at in parts, too.
func (e Effort) looksAtParts(width, height int) bool {
	return e == Thorough || e == Auto && width*height > largePicture
}
