package picture

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"runtime/debug"

	"github.com/jsummers/gobmp"
	"golang.org/x/image/tiff"

	"lineup.dev/lineup/face-server/picture/sandbox"
	"lineup.dev/lineup/pkg/photo"
)

// Panic is wrapped in the error of a picture that made its decoder panic.
type Panic struct {
	Value any
	Stack []byte // for the log, not for the sender
}

func (p *Panic) Error() string { return "its decoder gave up" }

// Decode makes a Picture of a file in one of [photo.Formats], whatever it is called,
// rotated as a browser does; of an animation it is the first frame. Of a damaged file it
// is what can be seen, with a Warning. It refuses what exceeds the limits before memory
// is taken, and stops when ctx ends: a JPEG only before and after it is decoded. The
// error wraps ErrNoPicture, ErrTooLarge or ErrOff, is ctx's, or that of a sandbox that
// cannot be started. The body must stay as it is as long as the picture is used.
func Decode(ctx context.Context, body []byte, limits Limits) (*Picture, error) {
	format, known := photo.FormatOf(body)
	if !known {
		return nil, fmt.Errorf("%w: not a %s", ErrNoPicture, photo.FormatNames())
	}
	if !limits.Formats.On(format) {
		return nil, fmt.Errorf("%s is %w; set FORMATS", format.Name, ErrOff)
	}
	var p *Picture
	d := decoders[format.MediaType]
	err := guard(func() (err error) {
		p, err = d.picture(ctx, body, limits)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, sandbox.ErrStart):
		return nil, err
	case errors.Is(err, ErrTooLarge):
		return nil, fmt.Errorf("%s %w", format.Name, err)
	case unsupported(err):
		return nil, fmt.Errorf("%w: a %s of a kind that is not read (%w); save it as a JPEG", ErrNoPicture, format.Name, err)
	case err != nil && d.isShort(body):
		return nil, fmt.Errorf("%w: broken %s: the file is cut off, and cannot be looked at in part; send all of it", ErrNoPicture, format.Name)
	case err != nil:
		return nil, fmt.Errorf("%w: broken %s: %w", ErrNoPicture, format.Name, err)
	}
	return p, nil
}

// isShort tells of a file that cannot be decoded whether its end is missing.
func (d decoder) isShort(body []byte) (is bool) {
	err := guard(func() error {
		is = d.short != nil && d.short(body)
		return nil
	})
	return is && err == nil
}

// unsupported tells whether a decoder understood a file but does not read its kind.
func unsupported(err error) bool {
	_, kindOfTIFF := errors.AsType[tiff.UnsupportedError](err)
	_, kindOfBMP := errors.AsType[gobmp.UnsupportedError](err)
	_, kindOfPNG := errors.AsType[png.UnsupportedError](err)
	return kindOfTIFF || kindOfBMP || kindOfPNG
}

// guard makes an error of a panic: bytes from outside must not end the program.
func guard(decode func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &Panic{value, debug.Stack()}
		}
	}()
	return decode()
}

func (d decoder) picture(ctx context.Context, body []byte, limits Limits) (*Picture, error) {
	if d.frames != nil && d.frames(body, limits.Frames) > limits.Frames {
		return nil, fmt.Errorf("%w: an animation of more than the %d frames that are allowed; send one of them as a picture", ErrTooLarge, limits.Frames)
	}
	stored := 1
	if d.exif != nil {
		stored = orientationOf(d.exif(body))
	}
	if d.open != nil {
		return d.open(ctx, body, limits, stored)
	}
	if d.first != nil {
		body = d.first(body)
	}
	p, err := d.plain(ctx, body, limits, stored)
	if err == nil || d.mend == nil || errors.Is(err, ErrTooLarge) || ctx.Err() != nil {
		return p, err
	}
	partial, mendErr := d.mend(ctx, d, body, limits, stored)
	if mendErr != nil && !errors.Is(mendErr, ErrTooLarge) {
		return nil, err // that of the file as it is tells more
	}
	return partial, mendErr
}
