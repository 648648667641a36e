package picture

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"iter"

	"golang.org/x/image/tiff"
)

var plainTIFF = decoder{config: tiff.DecodeConfig, decode: tiff.Decode}

// mendTIFF decodes of a TIFF that is cut off the strips that there are: it is made to say
// that it has no more rows. One whose rows are not compressed goes on to its last byte.
// One whose directory is missing, which may come last, nobody can show; nor one in tiles.
func mendTIFF(ctx context.Context, body []byte, limits Limits, orientation int) (*Picture, error) {
	config, err := tiff.DecodeConfig(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	d := tiffDirectory{body, byteOrder(body)}
	offsets, sizes := d.values(stripOffsets), d.values(stripSizes)
	there, end := 0, int64(0)
	for i := range min(len(offsets), len(sizes)) {
		stripEnd := int64(offsets[i]) + int64(sizes[i])
		end = max(end, stripEnd)
		if stripEnd <= int64(len(body)) && there == i {
			there++
		}
	}
	if there == len(offsets) {
		return nil, errWhole
	}
	if compression := d.values(compressedBy); len(compression) == 0 || compression[0] <= 1 {
		return plainTIFF.padded(ctx, body, end, limits, orientation)
	}
	rows := config.Height
	if perStrip := d.values(rowsPerStrip); len(perStrip) == 1 {
		rows = int(min(int64(perStrip[0])*int64(there), int64(rows)))
	}
	if there == 0 || rows == 0 || rows == config.Height {
		return nil, errWhole
	}
	decoded, err := tiff.Decode(&reader{ctx, d.withRows(rows)})
	if err != nil {
		return nil, err
	}
	// Not as the grey one that it may be, whose pixels would be taken for all there are.
	p := newPicture(struct{ image.Image }{decoded}, config.Width, config.Height, orientation)
	p.Warning = cutOff(int64(config.Height-rows), int64(config.Height))
	return p, nil
}

// Tags of a TIFF's directory (TIFF 6.0, section 8).
const (
	imageLength, compressedBy, stripOffsets, rowsPerStrip, stripSizes = 257, 259, 273, 278, 279
)

// tiffDirectory is a TIFF of which the first directory is read (TIFF 6.0, section 2).
type tiffDirectory struct {
	body  []byte
	order binary.ByteOrder
}

// entries are those of the directory: 12 bytes of tag, type, count, and value or its place.
func (d tiffDirectory) entries() iter.Seq[[]byte] {
	const header, size = 8, 12
	return func(yield func([]byte) bool) {
		if d.order == nil || len(d.body) < header {
			return
		}
		at := int64(d.order.Uint32(d.body[4:]))
		if at+2 > int64(len(d.body)) {
			return
		}
		rest := d.body[at+2:]
		for range d.order.Uint16(d.body[at:]) {
			if len(rest) < size || !yield(rest[:size]) {
				return
			}
			rest = rest[size:]
		}
	}
}

// values are the numbers of a tag, SHORTs or LONGs: none when the file does not hold them.
func (d tiffDirectory) values(tag uint16) (values []uint32) {
	for entry := range d.entries() {
		if d.order.Uint16(entry) != tag {
			continue
		}
		size := d.sizeOf(entry)
		count := int64(d.order.Uint32(entry[4:]))
		stored := entry[8:]
		if count*size > int64(len(stored)) {
			at := int64(d.order.Uint32(stored))
			if size == 0 || at+count*size > int64(len(d.body)) {
				return nil
			}
			stored = d.body[at:]
		}
		for i := range count {
			switch size {
			case 2:
				values = append(values, uint32(d.order.Uint16(stored[2*i:])))
			case 4:
				values = append(values, d.order.Uint32(stored[4*i:]))
			}
		}
		return values
	}
	return nil
}

// sizeOf is the bytes of an entry's numbers, or 0 when they are neither SHORTs nor LONGs.
func (d tiffDirectory) sizeOf(entry []byte) int64 {
	switch d.order.Uint16(entry[2:]) {
	case 3:
		return 2
	case 4:
		return 4
	}
	return 0
}

// withRows is a copy of the TIFF that says it has so many rows.
func (d tiffDirectory) withRows(rows int) []byte {
	changed := tiffDirectory{bytes.Clone(d.body), d.order}
	for entry := range changed.entries() {
		if d.order.Uint16(entry) != imageLength {
			continue
		}
		if d.sizeOf(entry) == 2 {
			d.order.PutUint16(entry[8:], uint16(rows)) //nolint:gosec // fewer than the number that stood there
		} else {
			d.order.PutUint32(entry[8:], uint32(rows)) //nolint:gosec // as above
		}
	}
	return changed.body
}
