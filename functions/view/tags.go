package main

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"lineup.dev/lineup/pkg/lineup"
)

// tag is what stands at a face's box in the picture: its number, and after that a name. Either is left
// out where the picture is shown so narrow that it would cover another tag.
type tag struct {
	X, Y   float64 // in fractions of the picture
	Inside bool    // below Y: above the box the picture ends
	Back   bool    // it ends at X: right of that the picture does
	Name   string

	number, whole        float64 // how wide they are
	numberFrom, nameFrom int     // the first of pictureWidths at which they are shown
}

// pictureWidths are those, in CSS pixels, from each of which on static/style.css shows more of the
// tags. Hardly any window shows a picture narrower than the first, and in most it has the last but one.
var pictureWidths = []int{280, 320, 400, 480, 560, 680}

const (
	usualWidth = 560.
	lineHeight = 17. // of tags that do not cover each other, in CSS pixels as all that follows
	nextTo     = 4.  // between a tag and its box, and the next tag
	aboveBox   = 7.
	insideBox  = 18.
	topOf      = 0.06 // of the picture, where nothing has room above a box
)

// newTag is a face's in a picture that is shown as wide as any is: nothing is left out yet.
func newTag(face lineup.Face, number int) *tag {
	box := face.Box
	t := &tag{X: max(0, box.X), Y: max(0, box.Y), Inside: box.Y < topOf}
	t.number = 2*nextTo + textWidth(strconv.Itoa(number))
	t.whole = t.number
	if face.Person != nil {
		t.Name = shortName(*face.Person)
		t.whole += textWidth(" " + t.Name)
	}
	if t.X*usualWidth+t.whole > usualWidth {
		t.X, t.Back = min(1, box.X+box.Width), true
	}
	return t
}

// textWidth is about how wide a text is in a tag, rather more than less.
func textWidth(text string) (width float64) {
	const size = 13. // that of static/style.css
	for _, letter := range text {
		switch {
		case unicode.In(letter, unicode.Cf, unicode.Mn):
		case unicode.In(letter, unicode.Lm, unicode.Lo, unicode.So), strings.ContainsRune("mwMW@…", letter):
			width += size
		case unicode.IsUpper(letter):
			width += 0.8 * size
		case strings.ContainsRune(" .,'-fijlrt", letter):
			width += 0.42 * size
		default:
			width += 0.65 * size
		}
	}
	return width
}

// makeRoom finds from which width on the tags are shown, those that come first before the others, and
// numbers before names. The picture is so many times higher than wide.
func makeRoom(tags []*tag, high float64) {
	never := len(pictureWidths)
	for _, t := range tags {
		t.numberFrom, t.nameFrom = never, never
	}
	for from := range pictureWidths {
		for _, t := range tags {
			if t.numberFrom == never && t.isFree(tags, high, from, t.number) {
				t.numberFrom = from
			}
		}
	}
	for from := range pictureWidths {
		for _, t := range tags {
			if t.nameFrom == never && t.numberFrom <= from && t.isFree(tags, high, from, t.whole) {
				t.nameFrom = from
			}
		}
	}
}

// isFree tells whether the place that the tag takes of that length is within the picture and no other's,
// from that width on.
func (t *tag) isFree(tags []*tag, high float64, from int, length float64) bool {
	for i := from; i < len(pictureWidths); i++ {
		width := float64(pictureWidths[i])
		left, line := t.place(width, high, length)
		if length > t.number && (left < 0 || left+length > width) {
			return false
		}
		for _, other := range tags {
			itsLength := other.shownAt(i)
			itsLeft, itsLine := other.place(width, high, itsLength)
			if other != t && itsLength > 0 && left < itsLeft+itsLength && itsLeft < left+length && max(line-itsLine, itsLine-line) < lineHeight {
				return false
			}
		}
	}
	return true
}

// place is where a tag of that length begins, and on which line it stands.
func (t *tag) place(width, high, length float64) (left, line float64) {
	left, line = t.X*width, t.Y*width*high-aboveBox
	if t.Back {
		left -= length
	}
	if t.Inside {
		line += aboveBox + insideBox
	}
	return left, line
}

// shownAt is how much of the tag is shown at one of the widths.
func (t *tag) shownAt(i int) float64 {
	switch {
	case i >= t.nameFrom:
		return t.whole
	case i >= t.numberFrom:
		return t.number
	}
	return 0
}

// Class tells static/style.css from which width on the tag is shown.
func (t *tag) Class() string {
	return shownFrom("number", t.numberFrom) + shownFrom("name", t.nameFrom)
}

func shownFrom(part string, from int) string {
	switch {
	case from == len(pictureWidths):
		return " " + part + "-never"
	case from > 0:
		return fmt.Sprintf(" %s-%d", part, pictureWidths[from])
	}
	return ""
}

// DX and DY are how far the text stands from its place.
func (t *tag) DX() float64 {
	if t.Back {
		return -nextTo
	}
	return nextTo
}

func (t *tag) DY() float64 {
	if t.Inside {
		return insideBox
	}
	return -aboveBox
}
