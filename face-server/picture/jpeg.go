package picture

import (
	"encoding/binary"
	"errors"
)

// jpegHeader refuses a JPEG that package jpeg cannot decode, in words for whoever sent
// it, and tells how much a progressive one's coefficients take.
func jpegHeader(body []byte) (extra, error) {
	f := jpegFrame(body)
	return f.memory(), f.check()
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
		return errors.New("its pixels are arithmetic-coded, which hardly any program reads: save it as an ordinary JPEG")
	}
	return errors.New("it is a lossless or hierarchical one, which hardly any program reads: save it as an ordinary JPEG")
}

// memory is the bytes that decoding takes for 16 pixels beyond the pixels
// themselves: a progressive JPEG's coefficients, four bytes for each sample.
func (f frame) memory() extra {
	if f.marker != sofProgressive {
		return 0
	}
	return extra(4 * f.samples)
}
