package face

import (
	"errors"
	"fmt"
	"path/filepath"
)

// Level is a part of a detector's outputs: what it sees at places in a grid. The names are
// of outputs with a row for each anchor of each place, by rows of the grid.
type Level struct {
	Stride  int    `json:"stride"`  // pixels of the input between two places
	Anchors int    `json:"anchors"` // at each place
	Scores  string `json:"scores"`
	// Objects may be absent: a second score, whose geometric mean with the first counts (YuNet).
	Objects string `json:"objects,omitempty"`
	Boxes   string `json:"boxes"`
	// Points may be absent though the detector gives some: they follow the box then.
	Points string `json:"points,omitempty"`
}

// Coding is what the four numbers of a box mean, and the two of a point.
type Coding string

// The codings there are.
const (
	// Distances of left, top, right and bottom from the place, in strides (SCRFD).
	Distances Coding = "distances"
	// Exponents: the middle from the place, in strides, and the logarithm of width and height (YuNet).
	Exponents Coding = "exponents"
	// Pixels: the middle from the middle of the place, width and height (BlazeFace).
	Pixels Coding = "pixels"
)

// places is how many anchors a level has.
func (l Level) places(width, height int) int {
	return (width / l.Stride) * (height / l.Stride) * l.Anchors
}

// outputs are the names of a level's outputs, in the order in which they are read.
func (l Level) outputs() (names []string) {
	for _, name := range []string{l.Scores, l.Objects, l.Boxes, l.Points} {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// numbers is how many numbers of an anchor are in each of a level's outputs.
func (d Detector) numbers(l Level) []int {
	n := []int{1}
	if l.Objects != "" {
		n = append(n, 1)
	}
	if l.Points != "" {
		return append(n, 4, 2*d.Points)
	}
	return append(n, 4+2*d.Points)
}

// outputs are the names of the detector's.
func (d Detector) outputs() (names []string) {
	if len(d.Levels) == 0 {
		return []string{d.Scores, d.Boxes}
	}
	for _, level := range d.Levels {
		names = append(names, level.outputs()...)
	}
	return names
}

func (d Detector) check(name string) error {
	errs := []error{
		d.Input.check(name),
		require(d.Score > 0 && d.Score < 1, "%s: score must lie between 0 and 1", name),
		require(d.Overlap > 0 && d.Overlap <= 1, "%s: overlap must be above 0, at most 1", name),
		require(d.Points >= 0 && (d.Points == 0 || len(d.Levels) > 0), "%s: points must be 0, or above with levels", name),
	}
	if len(d.Levels) == 0 {
		return errors.Join(append(errs, require(d.Candidates > 0, "%s: candidates must be above 0", name))...)
	}
	errs = append(errs,
		require(d.Candidates == 0 && d.Scores == "" && d.Boxes == "", "%s: levels take the place of candidates, scores and boxes", name),
		require(d.Coding == Distances || d.Coding == Exponents || d.Coding == Pixels, "%s: coding must be distances, exponents or pixels", name))
	for _, l := range d.Levels {
		errs = append(errs,
			require(l.Stride > 0 && l.Anchors > 0, "%s: stride and anchors of a level must be above 0", name),
			require(l.Scores != "" && l.Boxes != "", "%s: a level must name its scores and boxes", name))
	}
	return errors.Join(errs...)
}

func (i Input) check(name string) error {
	return errors.Join(
		require(filepath.IsLocal(i.File), "%s: file must be a file's name", name),
		require(i.Width > 0 && i.Height > 0, "%s: width and height must be above 0", name),
		require(i.Colour == RGB || i.Colour == BGR || i.Colour == Grey, "%s: colour must be RGB, BGR or grey", name),
		require(i.Std != 0, "%s: std must not be 0", name),
	)
}

func require(ok bool, otherwise string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(otherwise, args...)
}
