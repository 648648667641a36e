package picture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"runtime/debug"

	"github.com/bep/imagemeta"
	"golang.org/x/image/webp"
)

// What a body is refused for. Errors wrap one of these and say more, in words for
// whoever sent it.
var (
	ErrNoPicture = errors.New("no picture")
	ErrTooLarge  = errors.New("too large")
)

// Panic is wrapped in the error of a picture that made its decoder panic.
type Panic struct {
	Value any
	Stack []byte // for the log, not for the sender
}

func (p *Panic) Error() string { return "its decoder gave up" }

type format struct {
	name   string
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error) // of an animation, the first frame
	exif   imagemeta.ImageFormat                // 0 where there is none
	frames func(body []byte, most int) int      // nil where there is one
}

// formats by the media type that [http.DetectContentType] finds.
var formats = map[string]format{
	"image/jpeg": {"JPEG", jpeg.DecodeConfig, jpeg.Decode, imagemeta.JPEG, nil},
	"image/png":  {"PNG", png.DecodeConfig, png.Decode, imagemeta.PNG, pngFrames},
	"image/webp": {"WebP", webp.DecodeConfig, webp.Decode, imagemeta.WebP, webpFrames},
	"image/gif":  {"GIF", gif.DecodeConfig, gif.Decode, 0, gifFrames},
}

// Limits is what a picture may have.
type Limits struct {
	Pixels int
	Frames int // of an animation
}

// Decode makes a Picture of a JPEG, PNG, WebP or GIF, whatever it is called, turned
// as its EXIF data says; of an animation it is the first frame. It refuses what
// exceeds the limits, and what would take more memory than nine bytes for each pixel
// that is allowed, before memory is taken, and stops when ctx ends. The error wraps
// ErrNoPicture, ErrTooLarge, or is ctx's.
func Decode(ctx context.Context, body []byte, limits Limits) (*Picture, error) {
	f, known := formats[http.DetectContentType(body)]
	if !known {
		return nil, fmt.Errorf("%w: none of JPEG, PNG, WebP and GIF", ErrNoPicture)
	}
	var p *Picture
	err := guard(func() (err error) {
		p, err = f.open(ctx, body, limits)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, ErrTooLarge):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: broken %s: %w", ErrNoPicture, f.name, err)
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

func (f format) open(ctx context.Context, body []byte, limits Limits) (*Picture, error) {
	if f.frames != nil && f.frames(body, limits.Frames) > limits.Frames {
		return nil, fmt.Errorf("%w: an animation of more than the %d frames that are allowed; send one of them as a picture", ErrTooLarge, limits.Frames)
	}
	turned := 1
	if f.exif != 0 {
		turned = orientation(body, f.exif)
	}
	if f.name == "WebP" {
		body = firstFrame(body)
	}
	config, err := f.check(body, limits.Pixels)
	if err != nil {
		return nil, err
	}
	decoded, err := f.decode(&reader{ctx, body})
	if err != nil {
		return nil, err
	}
	if f.name == "WebP" {
		widenRange(decoded)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return newPicture(decoded, config.Width, config.Height, turned), nil
}

// check reads the header and refuses what is too large by it.
func (f format) check(body []byte, maxPixels int) (image.Config, error) {
	var header frame
	if f.name == "JPEG" {
		header = jpegFrame(body)
		if err := header.check(); err != nil {
			return image.Config{}, err
		}
	}
	config, err := f.config(bytes.NewReader(body))
	if err != nil {
		return image.Config{}, err
	}
	w, h := config.Width, config.Height
	if w < 1 || h < 1 {
		return image.Config{}, fmt.Errorf("%d×%d pixels", w, h)
	}
	pixels := int64(w) * int64(h)
	if pixels > int64(maxPixels) {
		return image.Config{}, fmt.Errorf("%w: %d×%d pixels, %d are allowed", ErrTooLarge, w, h, maxPixels)
	}
	needed := pixels*int64(memory(config.ColorModel)) + pixels*int64(header.memory())/16
	if allowed := int64(maxPixels) * bytesPerPixel; needed > allowed {
		return image.Config{}, fmt.Errorf("%w: to decode it takes %d bytes, %d are allowed; save it with 8 bits a colour, as an ordinary JPEG best", ErrTooLarge, needed, allowed)
	}
	return config, nil
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
