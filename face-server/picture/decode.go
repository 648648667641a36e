package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"runtime/debug"
	"time"

	"lineup.dev/lineup/face-server/picture/sandbox"
	"lineup.dev/lineup/pkg/photo"
)

// What a body is refused for. Errors wrap one of these and say more, in words for
// whoever sent it.
var (
	ErrNoPicture = errors.New("no picture")
	ErrTooLarge  = errors.New("too large")
	ErrOff       = errors.New("switched off") // its format is not among Limits.Formats
)

// Panic is wrapped in the error of a picture that made its decoder panic.
type Panic struct {
	Value any
	Stack []byte // for the log, not for the sender
}

func (p *Panic) Error() string { return "its decoder gave up" }

// Limits is what a picture may have.
type Limits struct {
	Pixels        int           // setting MAX_PIXELS
	Memory        int64         // bytes that its pixels, and what they are made of, may take; setting MAX_DECODE_MEMORY
	Frames        int           // of an animation; setting MAX_FRAMES
	Formats       Formats       // setting FORMATS
	DecodeTimeout time.Duration // of a decoder in a sandbox; setting DECODE_TIMEOUT
}

// Decode makes a Picture of a file in one of [photo.Formats], whatever it is called,
// rotated as a browser does; of an animation it is the first frame. Of a damaged file it
// is what can be seen, with a Warning. It refuses what exceeds the limits before memory
// is taken, and stops when ctx ends. The error wraps ErrNoPicture,
// ErrTooLarge or ErrOff, is ctx's, or that of a sandbox that cannot be started.
func Decode(ctx context.Context, body []byte, limits Limits) (*Picture, error) {
	format, known := photo.FormatOf(body)
	if !known {
		return nil, fmt.Errorf("%w: not a %s", ErrNoPicture, photo.FormatNames())
	}
	if !limits.Formats.On(format) {
		return nil, fmt.Errorf("%s is %w; set FORMATS", format.Name, ErrOff)
	}
	var p *Picture
	err := guard(func() (err error) {
		p, err = decoders[format.MediaType].picture(ctx, body, limits)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, ErrTooLarge), errors.Is(err, sandbox.ErrStart):
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
	mended, mendErr := d.mend(ctx, body, limits, stored)
	if mendErr != nil && !errors.Is(mendErr, ErrTooLarge) {
		return nil, err // that of the file as it is tells more
	}
	return mended, mendErr
}

// plain decodes a file without anything wrong.
func (d decoder) plain(ctx context.Context, body []byte, limits Limits, orientation int) (*Picture, error) {
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
	return newPicture(decoded, config.Width, config.Height, orientation), nil
}

// check reads the header and refuses what is too large by it.
func (d decoder) check(body []byte, limits Limits) (image.Config, error) {
	var more extra
	if d.header != nil {
		var err error
		if more, err = d.header(body); err != nil {
			return image.Config{}, err
		}
	}
	config, err := d.config(bytes.NewReader(body))
	if err != nil {
		return image.Config{}, err
	}
	if err := limits.checkSize(config.Width, config.Height); err != nil {
		return image.Config{}, err
	}
	pixels := int64(config.Width) * int64(config.Height)
	return config, limits.checkMemory(pixels*int64(memory(config.ColorModel)+d.more) + pixels*int64(more)/16)
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
