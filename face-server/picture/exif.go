package picture

import (
	"bytes"
	"encoding/binary"
	"iter"
)

// orientationOf reads from a TIFF structure, which EXIF data is, how the camera was
// held, 1 to 8 (EXIF 2.32, tag 0x0112), as browsers do: the first directory's entry
// counts when it is one SHORT, and nothing else does. Without it, or with one that makes
// no sense, it is 1: broken metadata is no reason to refuse a picture.
func orientationOf(tiff []byte) int {
	const tag = 0x0112
	d := newTIFFDirectory(tiff)
	for e := range d.entries() {
		if e.tag(d) != tag || e.kind(d) != tiffShort || e.count(d) != 1 {
			continue
		}
		if held := int(d.order.Uint16(e.stored())); 1 <= held && held <= 8 {
			return held
		}
	}
	return 1
}

// Tags of a TIFF's directory (TIFF 6.0, sections 8 and 15).
const (
	tiffLength       = 257
	tiffCompression  = 259
	tiffStripOffsets = 273
	tiffRowsPerStrip = 278
	tiffStripSizes   = 279
	tiffTileWidth    = 322
	tiffTileLength   = 323
	tiffTileOffsets  = 324
	tiffTileSizes    = 325
)

// Kinds of numbers in a directory.
const tiffShort, tiffLong = 3, 4

// tiffDirectory is a TIFF of which the first directory is read (TIFF 6.0, section 2).
type tiffDirectory struct {
	body  []byte
	order binary.ByteOrder // nil when it is no TIFF
}

func newTIFFDirectory(body []byte) tiffDirectory {
	if len(body) >= 4 {
		switch string(body[:4]) {
		case "II*\x00":
			return tiffDirectory{body, binary.LittleEndian}
		case "MM\x00*":
			return tiffDirectory{body, binary.BigEndian}
		}
	}
	return tiffDirectory{}
}

// tiffEntry is 12 bytes of tag, kind, count, and numbers or their place.
type tiffEntry []byte

func (e tiffEntry) tag(d tiffDirectory) int      { return int(d.order.Uint16(e)) }
func (e tiffEntry) kind(d tiffDirectory) int     { return int(d.order.Uint16(e[2:])) }
func (e tiffEntry) count(d tiffDirectory) uint32 { return d.order.Uint32(e[4:]) }
func (e tiffEntry) stored() []byte               { return e[8:] }

// size is the bytes of each of the entry's numbers, or 0 when they are neither SHORTs nor LONGs.
func (e tiffEntry) size(d tiffDirectory) int64 {
	switch e.kind(d) {
	case tiffShort:
		return 2
	case tiffLong:
		return 4
	}
	return 0
}

// entries are those of the directory, as far as they go.
func (d tiffDirectory) entries() iter.Seq[tiffEntry] {
	const header, size = 8, 12
	return func(yield func(tiffEntry) bool) {
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
func (d tiffDirectory) values(tag int) (values []uint32) {
	for e := range d.entries() {
		if e.tag(d) != tag {
			continue
		}
		size, count, stored := e.size(d), int64(e.count(d)), e.stored()
		if count*size > int64(len(stored)) {
			at := int64(d.order.Uint32(stored))
			if at+count*size > int64(len(d.body)) {
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
			default:
				return nil
			}
		}
		return values
	}
	return nil
}

// least is the number of a tag, or most, whichever is less; most where it has none above 0.
func (d tiffDirectory) least(tag, most int) int {
	if values := d.values(tag); len(values) == 1 && values[0] > 0 {
		return int(min(int64(values[0]), int64(most)))
	}
	return most
}

// withRows is a copy of the TIFF that says it has so many rows.
func (d tiffDirectory) withRows(rows int) []byte {
	changed := tiffDirectory{bytes.Clone(d.body), d.order}
	for e := range changed.entries() {
		if e.tag(d) != tiffLength {
			continue
		}
		if e.size(d) == 2 {
			d.order.PutUint16(e.stored(), uint16(rows)) //nolint:gosec // fewer than the number that stood there
		} else {
			d.order.PutUint32(e.stored(), uint32(rows)) //nolint:gosec // as above
		}
	}
	return changed.body
}
