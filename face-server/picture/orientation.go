package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// Each of these gives the EXIF data of a file where browsers look for it (tried with
// Chromium 156), or nil. A WebP's is nowhere: no browser rotates one.

// jpegEXIF is that of the first APP1 segment that has any (EXIF 2.32, section 4.7.2).
func jpegEXIF(body []byte) []byte {
	const (
		fill, scan, app1 = 0xff, 0xda, 0xe1
		size             = 2 // of the segment, itself included
	)
	for at := 2; at+2+size <= len(body) && body[at] == fill; {
		marker := body[at+1]
		if marker == fill {
			at++
			continue
		}
		segment := body[at+2:]
		length := int(binary.BigEndian.Uint16(segment))
		if marker == scan || length < size || length > len(segment) {
			return nil
		}
		segment = segment[size:length]
		if marker == app1 && bytes.HasPrefix(segment, []byte("Exif\x00")) && len(segment) > 6 {
			return segment[6:]
		}
		at += 2 + length
	}
	return nil
}

// pngEXIF is that of the eXIf chunk before the pixels (PNG Specification, third edition).
func pngEXIF(body []byte) (found []byte) {
	for chunk := range pngChunks(body) {
		switch {
		case chunk.kind() == "IDAT":
			return nil
		case chunk.kind() == "eXIf" && chunk.whole() && crc32.ChecksumIEEE(chunk.checked()) == chunk.sum():
			return chunk.content()
		}
	}
	return nil
}

// tiffItself is a TIFF, which EXIF data is.
func tiffItself(body []byte) []byte { return body }

// turnedBy has the orientations that are put right by 0 to 3 quarter turns clockwise.
var turnedBy = [4]int{1, 6, 3, 8}

// rotate gives the size of an upright picture that is stored width × height in the
// given orientation, and where in what is stored each of its points lies.
func rotate(width, height, orientation int) (int, int, Affine) {
	w, h := float64(width), float64(height)
	switch orientation {
	case 2: // mirrored
		return width, height, Affine{XX: -1, X: w, YY: 1}
	case 3: // upside down
		return width, height, Affine{XX: -1, X: w, YY: -1, Y: h}
	case 4: // upside down and mirrored
		return width, height, Affine{XX: 1, YY: -1, Y: h}
	case 5: // on its side: rows are columns
		return height, width, Affine{XY: 1, YX: 1}
	case 6: // to be rotated clockwise
		return height, width, Affine{XY: 1, YX: -1, Y: h}
	case 7: // rows are columns, both from the end
		return height, width, Affine{XY: -1, X: w, YX: -1, Y: h}
	case 8: // to be rotated counter-clockwise
		return height, width, Affine{XY: -1, X: w, YX: 1}
	}
	return width, height, Affine{XX: 1, YY: 1}
}
