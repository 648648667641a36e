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
	config, err := d.check(body, limits, 0)
	if err != nil {
		return nil, err
	}
	decoded, err := d.decode(&reader{ctx: ctx, body: body})
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

// check reads the header and refuses what is too large by it, when so many bytes more are
// taken than those of a whole file.
func (d decoder) check(body []byte, limits Limits, besides int64) (image.Config, error) {
	config, err := d.config(bytes.NewReader(body))
	if err != nil {
		return image.Config{}, err
	}
	if err := limits.checkSize(config.Width, config.Height); err != nil {
		return image.Config{}, err
	}
	needed := besides + int64(config.Width)*int64(config.Height)*int64(memory(config.ColorModel))
	if d.more != nil {
		needed += d.more(body, config)
	}
	return config, limits.checkMemory(needed, adviceFor(config.ColorModel))
}

// adviceFor says what helps against a picture of that colour model that takes too much.
func adviceFor(model color.Model) string {
	switch model {
	case color.Gray16Model, color.RGBA64Model, color.NRGBA64Model:
		return saveShallow
	}
	return makeSmaller
}

// moreForWebP counts that pixels with a palette, and opacity, are unpacked apart from
// those that are given: package webp does not tell of which kind they are.
func moreForWebP(_ []byte, config image.Config) int64 {
	if config.ColorModel == color.YCbCrModel {
		return 0
	}
	const unpacked = 4
	return unpacked * int64(config.Width) * int64(config.Height)
}

// moreForTIFF counts the strip or tile that is unpacked at a time, and what is left of
// the smaller buffers before the one that it fits into: each is twice the last.
func moreForTIFF(body []byte, config image.Config) int64 {
	const buffers = 4
	d := newTIFFDirectory(body)
	across := d.least(tiffTileWidth, config.Width)
	down := d.least(tiffRowsPerStrip, d.least(tiffTileLength, config.Height))
	return buffers * int64(across) * int64(down) * int64(pixelBytes(config.ColorModel))
}

// memory is the bytes that a pixel takes while a picture of that colour model is
// decoded, and copied where its model is not kept.
func memory(model color.Model) int {
	const copied = 3
	switch model {
	case color.GrayModel, color.YCbCrModel:
		return pixelBytes(model)
	}
	return pixelBytes(model) + copied
}

// pixelBytes is the bytes that a decoder gives for a pixel.
func pixelBytes(model color.Model) int {
	switch model {
	case color.GrayModel:
		return 1
	case color.Gray16Model:
		return 2
	case color.YCbCrModel:
		return 3
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	case color.CMYKModel, color.RGBAModel, color.NRGBAModel, color.NYCbCrAModel:
		return 4
	}
	return 1 // a palette
}

// reader gives a body in small pieces and ends when its context does, and the
// decoder that reads from it with it: a small piece can stand for many pixels.
type reader struct {
	ctx  context.Context
	body []byte
	at   int64
}

const piece = 512 // bytes

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.ReadAt(p[:min(len(p), piece)], r.at)
	r.at += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

// ReadAt spares package tiff a copy of the body.
func (r *reader) ReadAt(p []byte, at int64) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if at < 0 || at >= int64(len(r.body)) {
		return 0, io.EOF
	}
	n := copy(p, r.body[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}
