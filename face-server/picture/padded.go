package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
)

// mendWebP decodes a WebP whose end is missing with zeros instead: what was there is as
// it was. Its header tells how long it was (WebP Container Specification).
func mendWebP(ctx context.Context, d decoder, body []byte, limits Limits, orientation int) (*Picture, error) {
	const before = 8 // bytes that the length does not count
	if len(body) < before {
		return nil, errWhole
	}
	return d.padded(ctx, body, before+int64(binary.LittleEndian.Uint32(body[4:])), limits, orientation)
}

// mendBMP does so with a BMP, whose rows are not compressed.
func mendBMP(ctx context.Context, d decoder, body []byte, limits Limits, orientation int) (*Picture, error) {
	config, err := d.config(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	const headers, most, aligned = 4096, 4, 3 // bytes: before the pixels, of a pixel, at a row's end
	rows := int64(config.Height) * (int64(config.Width)*most + aligned)
	if config.Width < 1 || config.Height < 1 || len(body) > headers && int64(len(body)) >= headers+rows {
		return nil, errWhole
	}
	return d.padded(ctx, body, headers+rows, limits, orientation)
}

// cutBMP tells whether the end of a BMP of compressed rows is missing: its length, or the
// mark of its end (BITMAPFILEHEADER and BITMAPINFOHEADER of Windows).
func cutBMP(body []byte) bool {
	const length, headerSize, compression, least = 2, 14, 30, 40 // places, and bytes of a header with compression
	if len(body) < compression+4 || binary.LittleEndian.Uint32(body[headerSize:]) < least {
		return false
	}
	method := binary.LittleEndian.Uint32(body[compression:])
	compressed := method == 1 || method == 2 // RLE8, RLE4
	return compressed && int64(len(body)) < int64(binary.LittleEndian.Uint32(body[length:])) && !bytes.HasSuffix(body, []byte{0, 1})
}

var errWhole = errors.New("its end is not what it lacks")

// padded decodes a body that is to be so long.
func (d decoder) padded(ctx context.Context, body []byte, length int64, limits Limits, orientation int) (*Picture, error) {
	if length <= int64(len(body)) {
		return nil, errWhole
	}
	if _, err := d.check(body, limits, length); err != nil {
		return nil, err
	}
	p, err := d.plain(ctx, append(make([]byte, 0, length), body...)[:length], limits, orientation)
	if err != nil {
		return nil, err
	}
	p.Warning = cutOffAfter(body)
	return p, nil
}
