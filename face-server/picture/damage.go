package picture

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"lineup.dev/lineup/face-server/picture/turbo"
)

// warning says, in words for a user, what is missing of a JPEG that the library found
// damaged, of whose lightness y was decoded. It is an error if that is everything.
func (f *jpegFile) warning(damage turbo.Damage, y *plane) (string, error) {
	message := string(damage)
	cut := f.endless || strings.Contains(message, "remature end")
	switch {
	case !cut && (message == "" || f.harmless(message)):
		return "", nil
	case !cut:
		return "the file is damaged: parts of the picture may be missing or wrong", nil
	case f.frame.buffered:
		return "the file is cut off: the picture is less sharp than it was, or parts of it are missing", nil
	}
	missing := y.levels[0].flatRows()
	if missing == y.levels[0].height {
		return "", errors.New("its end is missing, and all of the picture with it")
	}
	if f.endless { // zeros may stand for any pixels
		return "the file is cut off: parts of the picture may be missing or wrong", nil
	}
	return fmt.Sprintf("the file is cut off: %d %% of the picture is missing", max(100*missing/y.levels[0].height, 1)), nil
}

// harmless tells whether what the library warns of shows nowhere: a few surplus bytes
// after the pixels, or what a camera has put there. That has runs of zeros, which pixels
// never make.
func (f *jpegFile) harmless(message string) bool {
	const few = 64
	var surplus, marker int
	n, _ := fmt.Sscanf(message, "Corrupt JPEG data: %d extraneous bytes before marker 0x%x", &surplus, &marker)
	if n != 2 || marker != int(endOfImage[1]) {
		return false
	}
	last := f.body[max(len(f.body)-len(endOfImage)-surplus, 0):]
	return surplus <= few || bytes.Contains(last, []byte{0, 0, 0})
}

// flatRows counts the rows at the bottom that have one value throughout: where its data
// ends, a JPEG's pixels stay as they are.
func (l level) flatRows() (rows int) {
	last := l.pix[(l.height-1)*l.stride]
	for y := l.height - 1; y >= 0; y-- {
		for _, v := range l.pix[y*l.stride:][:l.width] {
			if v != last {
				return rows
			}
		}
		rows++
	}
	return rows
}
