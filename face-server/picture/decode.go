package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"runtime/debug"

	"lineup.dev/lineup/pkg/photo"
)

// Panic is wrapped in the error of a picture that made its decoder panic.
type Panic struct {
	Value any
	Stack []byte // for the log, not for the sender
}

func (p *Panic) Error() string { return "its decoder gave up" }

// Decode makes a Picture of a file in one of [photo.Formats], whatever it is called,
// rotated as its EXIF data says; of an animation it is the first frame. It refuses what
// exceeds the limits before memory is taken, and stops when ctx ends: a JPEG only before
// and after it is decoded. The error wraps ErrNoPicture, ErrTooLarge, or is ctx's. The
// body must stay as it is as long as the picture is used.
func Decode(ctx context.Context, body []byte, limits Limits) (*Picture, error) {
	format, known := photo.FormatOf(body)
	if !known {
		return nil, fmt.Errorf("%w: not a %s", ErrNoPicture, photo.FormatNames())
	}
	var p *Picture
	err := guard(func() (err error) {
		p, err = decoders[format.MediaType].picture(ctx, body, limits)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, ErrTooLarge):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: broken %s: %w", ErrNoPicture, format.Name, err)
	}
	return p, nil
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
	if d.exif != 0 {
		stored = readOrientation(body, d.exif)
	}
	if d.open != nil {
		return d.open(body, limits, stored)
	}
	if d.first != nil {
		body = d.first(body)
	}
	config, err := d.check(body, limits)
	if err != nil {
		return nil, err
	}
	decoded, err := d.decode(&reader{ctx, body})
	if err != nil {
		return nil, err
	}
	if d.convert != nil {
		d.convert(decoded)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return newPicture(decoded, config.Width, config.Height, stored), nil
}

// check reads the header and refuses what is too large by it.
func (d decoder) check(body []byte, limits Limits) (image.Config, error) {
	config, err := d.config(bytes.NewReader(body))
	if err != nil {
		return image.Config{}, err
	}
	if err := limits.checkSize(config.Width, config.Height); err != nil {
		return image.Config{}, err
	}
	return config, limits.checkMemory(int64(config.Width) * int64(config.Height) * int64(memory(config.ColorModel)))
}

// reader gives a body in small pieces and ends when its context does, and the
// decoder that reads from it with it: a small piece can stand for many pixels.
type reader struct {
	ctx  context.Context
	body []byte
}

const piece = 512 // bytes

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if len(r.body) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), piece)], r.body)
	r.body = r.body[n:]
	return n, nil
}
