package photo

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// Strip gives a JPEG, PNG or WebP without what it tells beside its pixels: where and when it
// was taken and with what, whose faces are in it, small pictures of it, and whatever follows
// its end. How it is turned stays, and its colours' profile. It works in the memory of file,
// which is lost. Other formats are given as they are. What cannot be read as a part of the
// format is left out.
func Strip(file []byte) []byte {
	switch format, _ := FormatOf(file); format.Extension {
	case "jpg":
		return stripJPEG(file)
	case "png":
		return stripPNG(file)
	case "webp":
		return stripWebP(file)
	}
	return file
}

const (
	jpegStart, jpegEnd, jpegScan = 0xd8, 0xd9, 0xda
	jpegApp0, jpegApp1, jpegApp2 = 0xe0, 0xe1, 0xe2
	jpegApp14, jpegApp15         = 0xee, 0xef
	jpegComment                  = 0xfe
	jpegRestart0, jpegRestart7   = 0xd0, 0xd7
	jpegTemporary                = 0x01
	exifSignature                = "Exif\x00\x00"
)

// stripJPEG keeps the segments that decoders need (ITU-T T.81, annex B).
func stripJPEG(file []byte) []byte {
	out := file[:2]
	for at := 2; at+2 <= len(file); {
		marker := file[at+1]
		switch {
		case file[at] != 0xff, marker == 0xff, marker == 0: // none: decoders pass over it
			at++
			continue
		case marker == jpegEnd:
			return append(out, 0xff, jpegEnd)
		case isAlone(marker):
			at += 2
			continue
		}
		end := len(file) + 1
		if at+4 <= len(file) {
			end = at + 2 + int(binary.BigEndian.Uint16(file[at+2:]))
		}
		if end < at+4 || end > len(file) { // broken off
			return out
		}
		if marker == jpegScan {
			end = scanEnd(file, end)
		}
		out = append(out, keptSegment(file[at:end])...)
		at = end
	}
	return out
}

// isAlone tells whether no length follows a marker.
func isAlone(marker byte) bool {
	return marker == jpegStart || marker == jpegTemporary || jpegRestart0 <= marker && marker <= jpegRestart7
}

// scanEnd is where the next segment begins behind pixels that begin at an index.
func scanEnd(file []byte, at int) int {
	for ; at+1 < len(file); at++ {
		next := file[at+1]
		if file[at] == 0xff && next != 0 && next != 0xff && (next < jpegRestart0 || next > jpegRestart7) {
			return at
		}
	}
	return len(file)
}

// keptSegment is what stays of a segment.
func keptSegment(segment []byte) []byte {
	marker, content := segment[1], segment[4:]
	switch {
	case marker == jpegApp0 && bytes.HasPrefix(content, []byte("JFIF\x00")) && len(content) >= 14:
		short := slices.Clone(segment[:18])
		binary.BigEndian.PutUint16(short[2:], 16)
		short[16], short[17] = 0, 0 // without its small picture
		return short
	case marker == jpegApp1:
		tiff, ok := bytes.CutPrefix(content, []byte(exifSignature))
		turned := onlyOrientation(tiff)
		if !ok || turned == nil {
			return nil
		}
		head := []byte{0xff, jpegApp1, 0, byte(2 + len(exifSignature) + len(turned))} //nolint:gosec // some 30 bytes
		return slices.Concat(head, []byte(exifSignature), turned)
	case marker == jpegApp2 && bytes.HasPrefix(content, []byte("ICC_PROFILE\x00")),
		marker == jpegApp14 && bytes.HasPrefix(content, []byte("Adobe")):
		return segment
	case jpegApp0 <= marker && marker <= jpegApp15, marker == jpegComment:
		return nil
	}
	return segment
}

// keptChunks are those of a PNG that say how it looks (PNG, third edition, section 11).
var keptChunks = []string{
	"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "cHRM", "gAMA", "iCCP", "sBIT", "sRGB", "cICP", "mDCV", "cLLI", "bKGD", "hIST", "pHYs",
	"acTL", "fcTL", "fdAT",
}

// stripPNG keeps the chunks that say how it looks.
func stripPNG(file []byte) []byte {
	const signature, head, sum = 8, 8, 4
	out := file[:signature]
	for at := signature; at+head <= len(file); {
		chunkName := string(file[at+4 : at+head])
		size := uint64(binary.BigEndian.Uint32(file[at:])) + head + sum
		end := at + int(min(size, uint64(len(file)-at))) //nolint:gosec // within the file
		switch turned := onlyOrientation(file[at+head : max(at+head, end-sum)]); {
		case slices.Contains(keptChunks, chunkName):
			out = append(out, file[at:end]...)
		case chunkName == "eXIf" && turned != nil:
			chunk := slices.Concat([]byte{0, 0, 0, byte(len(turned))}, []byte(chunkName), turned) //nolint:gosec // some 30 bytes
			out = append(out, binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))...)
		}
		if at = end; chunkName == "IEND" {
			break
		}
	}
	return out
}

// The bits of a WebP's VP8X chunk that tell of metadata (RFC 9649, section 2.7.1.1).
const webPHasXMP, webPHasEXIF = 1 << 2, 1 << 3

// stripWebP keeps the chunks that say how it looks.
func stripWebP(file []byte) []byte {
	const start, head = 12, 8
	out, flags := file[:start], -1
	for at := start; at+head <= len(file); {
		chunkName := string(file[at : at+4])
		size := uint64(binary.LittleEndian.Uint32(file[at+4:]))
		end := at + int(min(head+size+size%2, uint64(len(file)-at))) //nolint:gosec // within the file
		switch chunkName {
		case "VP8X":
			if flags = len(out) + head; end > at+head {
				file[at+head] &^= webPHasXMP | webPHasEXIF
			}
			out = append(out, file[at:end]...)
		case "VP8 ", "VP8L", "ALPH", "ANIM", "ANMF", "ICCP":
			out = append(out, file[at:end]...)
		case "EXIF":
			turned := onlyOrientation(bytes.TrimPrefix(file[at+head:end], []byte(exifSignature)))
			if turned != nil && 0 <= flags && flags < len(out) {
				out[flags] |= webPHasEXIF
				out = append(out, slices.Concat([]byte(chunkName), []byte{byte(len(turned)), 0, 0, 0}, turned)...) //nolint:gosec // some 30 bytes
			}
		}
		at = end
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8)) //nolint:gosec // no longer than the file, whose size is one
	return out
}

// onlyOrientation is EXIF that tells how a picture is turned, as the EXIF of it does, and
// nothing else; nil where that does not, or not otherwise than by nothing. It is no longer.
func onlyOrientation(tiff []byte) []byte {
	const entries, entry, next = 8, 12, 4
	const orientation, short = 0x112, 3
	var order binary.ByteOrder = binary.BigEndian
	switch {
	case len(tiff) < entries+2+entry+next:
		return nil
	case bytes.HasPrefix(tiff, []byte("II*\x00")):
		order = binary.LittleEndian
	case !bytes.HasPrefix(tiff, []byte("MM\x00*")):
		return nil
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return nil
	}
	directory := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(directory) < entry {
			return nil
		}
		turn := order.Uint16(directory[8:])
		if order.Uint16(directory) == orientation && order.Uint16(directory[2:]) == short && 1 < turn && turn <= 8 {
			return []byte("MM\x00*\x00\x00\x00\x08" + "\x00\x01" + "\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(rune(turn)) + "\x00\x00" + "\x00\x00\x00\x00")
		}
		directory = directory[entry:]
	}
	return nil
}
