package picture

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"lineup.dev/lineup/face-server/picture/turbo"
	"lineup.dev/lineup/pkg/photo"
)

// What a body is refused for. Errors wrap one of these and say more, in words for
// whoever sent it.
var (
	ErrNoPicture = errors.New("no picture")
	ErrTooLarge  = errors.New("too large")
	ErrOff       = errors.New("switched off") // its format is not among Limits.Formats
)

// Limits is what a picture may have.
type Limits struct {
	Pixels        int           // setting MAX_PIXELS
	Memory        int64         // bytes that its pixels, and what they are made of, may take; setting MAX_DECODE_MEMORY
	Frames        int           // of an animation; setting MAX_FRAMES
	Formats       Formats       // setting FORMATS
	DecodeTimeout time.Duration // of a decoder in a sandbox; setting DECODE_TIMEOUT

	// Detail, if set, tells how many pixels of an upright picture of that size, across,
	// become one where it is looked at as a whole. A JPEG is decoded only as large at
	// first, and again where it is drawn larger.
	Detail func(width, height int) float64
}

func (l Limits) checkSize(width, height int) error {
	if width < 1 || height < 1 {
		return errors.New("its header tells no size")
	}
	if height > l.Pixels/width { // their product may be too large for a number
		return fmt.Errorf("%w: %d×%d pixels, %d are allowed (MAX_PIXELS)", ErrTooLarge, width, height, l.Pixels)
	}
	return nil
}

// What helps against a picture that takes too much memory.
const (
	makeSmaller  = "make it smaller"
	saveBaseline = "save it as a baseline JPEG (not progressive)"
	saveShallow  = "save it with 8 bits a colour"
)

// checkMemory refuses what takes that many bytes to decode, if that is too much, and says
// what helps.
func (l Limits) checkMemory(needed int64, advice string) error {
	if needed > l.Memory {
		return fmt.Errorf("%w: to decode it takes %d bytes, %d are allowed (MAX_DECODE_MEMORY); %s", ErrTooLarge, needed, l.Memory, advice)
	}
	makeRoom(needed)
	return nil
}

// makeRoom gives back what other pictures left, before so many bytes are taken. Go's
// collector would let as much again be taken first.
func makeRoom(needed int64) {
	const large = 32 << 20 // to decode so much takes a hundred times as long as to collect
	if needed >= large {
		Tidy()
	}
}

// Tidy gives memory that pictures took, and no longer take, back to the system. It takes
// some milliseconds.
func Tidy() {
	debug.FreeOSMemory()
	turbo.Trim()
}

// Formats are the names of formats, in small letters: those that are on. Nil is all.
type Formats []string

// AllFormats is every format there is, as the setting FORMATS has them.
func AllFormats() Formats {
	names := make(Formats, len(photo.Formats))
	for i, f := range photo.Formats {
		names[i] = strings.ToLower(f.Name)
	}
	return names
}

// Decode reads the setting: names with spaces or commas between.
func (f *Formats) Decode(value string) error {
	names := strings.FieldsFunc(strings.ToLower(value), func(r rune) bool { return r == ' ' || r == ',' })
	all := AllFormats()
	for _, name := range names {
		if !slices.Contains(all, name) {
			return fmt.Errorf("there is no format %q, but %s", name, all)
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("at least one must be on of %s", all)
	}
	*f = names
	return nil
}

func (f Formats) String() string { return strings.Join(f, " ") }

// On tells whether pictures of the format are taken.
func (f Formats) On(format photo.Format) bool {
	return f == nil || slices.Contains(f, strings.ToLower(format.Name))
}
