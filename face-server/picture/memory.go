package picture

import (
	"encoding/binary"
	"fmt"
	"image/color"
)

// bytesPerPixel is what decoding may take for every pixel that is allowed. It is
// enough for the largest picture allowed of every usual kind, not for one of 16 bits
// or a progressive JPEG of full colour.
const bytesPerPixel = 9

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

// frame is what a JPEG's frame header tells, ISO/IEC 10918-1, B.2.2.
type frame struct {
	marker  byte // SOF0 to SOF15, or 0 where there is none
	samples int  // in a block of 4×4 pixels, at most
}

const sofProgressive = 0xc2

// jpegFrame reads the header of a JPEG's first frame.
func jpegFrame(body []byte) frame {
	for at := 2; at+4 <= len(body); {
		marker := body[at+1]
		switch {
		case body[at] != 0xff:
			return frame{}
		case marker == 0xff: // fill
			at++
			continue
		case 0xc0 <= marker && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc:
			return frame{marker, samples(body[at+2:])}
		case marker == 0xda: // a scan, without a frame
			return frame{}
		}
		at += 2 + int(binary.BigEndian.Uint16(body[at+2:]))
	}
	return frame{}
}

// samples counts those of a block of 4×4 pixels by the components' sampling factors.
func samples(header []byte) int {
	if len(header) < 8 || len(header) < 8+3*int(header[7]) {
		return 0
	}
	count, most := 0, 1
	for i := range int(header[7]) {
		factors := int(header[9+3*i])
		across, down := factors>>4, factors&15
		count += across * down
		most = max(most, across*down)
	}
	return 16 * count / most
}

// check refuses what package jpeg cannot decode, in words for whoever sent it.
func (f frame) check() error {
	switch f.marker {
	case 0, 0xc0, 0xc1, sofProgressive:
		return nil
	case 0xc9, 0xca, 0xcb, 0xcd, 0xce, 0xcf:
		return fmt.Errorf("its pixels are arithmetic-coded, which hardly any program reads: save it as an ordinary JPEG")
	}
	return fmt.Errorf("it is a lossless or hierarchical one, which hardly any program reads: save it as an ordinary JPEG")
}

// memory is the bytes that decoding takes for 16 pixels beyond the pixels
// themselves: a progressive JPEG's coefficients, four bytes for each sample.
func (f frame) memory() int {
	if f.marker != sofProgressive {
		return 0
	}
	return 4 * f.samples
}
