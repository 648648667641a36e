package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// jpegFrame is what a JPEG's frame header tells, ISO/IEC 10918-1, B.2.2, and its first
// scan's.
type jpegFrame struct {
	marker        byte // SOF0 to SOF15, or 0 where there is none
	width, height int
	factors       []byte // sampling factors of each component, across and down
	buffered      bool   // there are several scans: the coefficients of all pixels are held
	restarts      int    // where in the file it says how many units lie between two restart markers, 0 for nowhere
	scan          int    // where the first scan begins
}

// readJPEGFrame reads the headers of a JPEG's first frame and scan.
func readJPEGFrame(body []byte) (f jpegFrame) {
	for at := 2; at+5 <= len(body); {
		marker := body[at+1]
		if body[at] != 0xff || marker == 0xff || marker == 0 { // surplus bytes, or fill
			at++
			continue
		}
		segment := body[at+2:]
		switch {
		case beginsFrame(marker):
			f.read(marker, segment)
		case marker == 0xdd && len(segment) > 4:
			f.restarts = at + 4
		case marker == 0xda: // a scan
			f.scan = at
			f.buffered = f.progressive() || int(segment[2]) < len(f.factors)
			return f
		case marker == endOfImage[1]:
			return f
		case standsAlone(marker):
			at += 2
			continue
		}
		at += 2 + int(binary.BigEndian.Uint16(segment))
	}
	return f
}

// beginsFrame tells of SOF0 to SOF15, between which lie DHT, JPG and DAC.
func beginsFrame(marker byte) bool {
	return 0xc0 <= marker && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc
}

// standsAlone tells of RST0 to RST7, SOI and TEM, after which no segment follows.
func standsAlone(marker byte) bool {
	return 0xd0 <= marker && marker <= 0xd8 || marker == 0x01
}

func (f *jpegFrame) read(marker byte, segment []byte) {
	f.marker, f.factors = marker, nil
	if len(segment) < 8 || len(segment) < 8+3*int(segment[7]) {
		return
	}
	f.height, f.width = int(binary.BigEndian.Uint16(segment[3:])), int(binary.BigEndian.Uint16(segment[5:]))
	for i := range int(segment[7]) {
		f.factors = append(f.factors, segment[9+3*i])
	}
}

// hasRestarts tells whether scans have a restart marker, RST0 to RST7.
func hasRestarts(scans []byte) bool {
	for {
		at := bytes.IndexByte(scans, 0xff)
		if at < 0 || at+1 == len(scans) {
			return false
		}
		if scans[at+1]&^7 == 0xd0 {
			return true
		}
		scans = scans[at+1:]
	}
}

// scanEnds tells where each scan's data ends, of which the first begins at 0: of one more
// than most at the most.
func scanEnds(scans []byte, most int) (ends []int) {
	inScan := true
	for at := 2; len(ends) <= most; {
		next := bytes.IndexByte(scans[at:], 0xff)
		if next < 0 || at+next+1 == len(scans) {
			return ends
		}
		at += next + 1
		marker := scans[at]
		if marker == 0 || marker&^7 == 0xd0 || marker == 0xff { // data, or fill
			continue
		}
		if inScan {
			ends = append(ends, at-1)
		}
		inScan = marker == 0xda
	}
	return ends
}

// The frames that differ from others in more than what the library takes care of.
const (
	sofProgressive           = 0xc2
	sofArithmetic            = 0xc9
	sofProgressiveArithmetic = 0xca
)

func (f jpegFrame) progressive() bool {
	return f.marker == sofProgressive || f.marker == sofProgressiveArithmetic
}

func (f jpegFrame) arithmetic() bool {
	return f.marker == sofArithmetic || f.marker == sofProgressiveArithmetic
}

// check refuses what hardly any program shows, in words for whoever sent it.
func (f jpegFrame) check() error {
	switch f.marker {
	case 0, 0xc0, 0xc1, sofProgressive, sofArithmetic, sofProgressiveArithmetic:
		return nil
	}
	return errors.New("it is a lossless or hierarchical one, which hardly any program reads: save it as an ordinary JPEG")
}

// coefficients is the bytes that those of all pixels take, where they are held: two for
// each, of whole units that the components are interleaved in.
func (f jpegFrame) coefficients() (bytes int64) {
	if !f.buffered {
		return 0
	}
	const block = 8 // pixels, across and down
	across, down := 1, 1
	for _, factors := range f.factors {
		across, down = max(across, int(factors>>4)), max(down, int(factors&15))
	}
	units := int64((f.width+block*across-1)/(block*across)) * int64((f.height+block*down-1)/(block*down))
	for _, factors := range f.factors {
		bytes += units * int64(factors>>4) * int64(factors&15) * 2 * block * block
	}
	return bytes
}
