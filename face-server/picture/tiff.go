package picture

import (
	"bytes"
	"context"
	"image"
)

// mendTIFF decodes of a TIFF that is cut off the strips that there are: it is made to say
// that it has no more rows. One whose rows are not compressed goes on to its last byte.
// One whose directory is missing, which may come last, nobody can show; nor one in tiles.
func mendTIFF(ctx context.Context, d decoder, body []byte, limits Limits, orientation int) (*Picture, error) {
	config, err := d.config(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	directory := newTIFFDirectory(body)
	offsets, sizes := directory.values(tiffStripOffsets), directory.values(tiffStripSizes)
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
	if compression := directory.values(tiffCompression); len(compression) == 0 || compression[0] <= 1 {
		return d.padded(ctx, body, end, limits, orientation)
	}
	rows := config.Height
	if perStrip := directory.values(tiffRowsPerStrip); len(perStrip) == 1 {
		rows = int(min(int64(perStrip[0])*int64(there), int64(rows)))
	}
	if there == 0 || rows == 0 || rows == config.Height {
		return nil, errWhole
	}
	// The body is copied, and the pixels are, also those that would be taken as they are.
	const copied = 3
	if _, err := d.check(body, limits, int64(len(body))+copied*int64(config.Width)*int64(config.Height)); err != nil {
		return nil, err
	}
	decoded, err := d.decode(&reader{ctx: ctx, body: directory.withRows(rows)})
	if err != nil {
		return nil, err
	}
	// Not as the grey one that it may be, whose pixels would be taken for all there are.
	p := newPicture(struct{ image.Image }{decoded}, config.Width, config.Height, orientation)
	p.Warning = cutOff(int64(config.Height-rows), int64(config.Height))
	return p, nil
}

// shortTIFF tells whether the directory, or pixels that it names, lie beyond the end.
func shortTIFF(body []byte) bool {
	const header, entrySize, stored = 8, 12, 4
	d, length := newTIFFDirectory(body), int64(len(body))
	if d.order == nil || length < header {
		return d.order != nil
	}
	at := int64(d.order.Uint32(body[4:]))
	if at+2 > length || at+2+entrySize*int64(d.order.Uint16(body[at:])) > length {
		return true
	}
	for e := range d.entries() {
		if size := e.size(d) * int64(e.count(d)); size > stored && int64(d.order.Uint32(e.stored()))+size > length {
			return true
		}
	}
	for _, tags := range [][2]int{{tiffStripOffsets, tiffStripSizes}, {tiffTileOffsets, tiffTileSizes}} {
		offsets, sizes := d.values(tags[0]), d.values(tags[1])
		for i := range min(len(offsets), len(sizes)) {
			if int64(offsets[i])+int64(sizes[i]) > length {
				return true
			}
		}
	}
	return false
}
