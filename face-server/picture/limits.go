package picture

import (
	"errors"
	"fmt"
)

// What a body is refused for. Errors wrap one of these and say more, in words for
// whoever sent it.
var (
	ErrNoPicture = errors.New("no picture")
	ErrTooLarge  = errors.New("too large")
)

// Limits is what a picture may have.
type Limits struct {
	Pixels int   // setting MAX_PIXELS
	Memory int64 // bytes that its pixels, and what they are made of, may take; setting MAX_DECODE_MEMORY
	Frames int   // of an animation; setting MAX_FRAMES

	// Detail, if set, tells how many pixels of an upright picture of that size, across,
	// become one where it is looked at as a whole. A JPEG is decoded only as large at
	// first, and again where it is drawn larger.
	Detail func(width, height int) float64
}

func (l Limits) checkSize(width, height int) error {
	if width < 1 || height < 1 {
		return fmt.Errorf("%d×%d pixels", width, height)
	}
	if int64(width)*int64(height) > int64(l.Pixels) {
		return fmt.Errorf("%w: %d×%d pixels, %d are allowed (MAX_PIXELS)", ErrTooLarge, width, height, l.Pixels)
	}
	return nil
}

// checkMemory refuses what takes that many bytes to decode, if that is too much.
func (l Limits) checkMemory(needed int64) error {
	if needed > l.Memory {
		return fmt.Errorf("%w: to decode it takes %d bytes, %d are allowed (MAX_DECODE_MEMORY); save it with 8 bits a colour, as an ordinary JPEG best", ErrTooLarge, needed, l.Memory)
	}
	return nil
}
