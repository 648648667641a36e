package picture

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"io"
)

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
	p := newPicture(decoded, config.Width, config.Height, orientation)
	if d.cut != nil && d.cut(body) {
		p.Warning = cutOffAfter(body)
	}
	return p, nil
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
	pixels := int64(config.Width) * int64(config.Height)
	return config, limits.checkMemory(pixels * int64(memory(config.ColorModel)+d.more))
}

// memory is the bytes that a pixel takes while a picture of that colour model is
// decoded, and copied where its model is not kept.
func memory(model color.Model) int {
	const copied = 3
	switch model {
	case color.GrayModel:
		return 1
	case color.YCbCrModel:
		return 3
	case color.NYCbCrAModel:
		return 4 + copied
	case color.Gray16Model:
		return 2 + copied
	case color.RGBA64Model, color.NRGBA64Model:
		return 8 + copied
	case color.CMYKModel:
		return 4 + 4 + copied // package jpeg makes the pixels of separate planes
	case color.RGBAModel, color.NRGBAModel:
		return 4 + copied
	}
	return 1 + copied // a palette
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
