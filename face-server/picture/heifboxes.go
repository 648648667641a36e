package picture

import (
	"encoding/binary"
	"iter"
)

// heifOrientation is the EXIF orientation that the properties irot and imir of a file's
// primary picture amount to (ISO/IEC 23008-12, section 6.5; rotation comes before
// mirroring, ISO/IEC 23000-22). EXIF data counts for nothing here, and in browsers.
func heifOrientation(body []byte) int {
	meta := metaOf(body)
	properties := boxOf(meta, "iprp")
	turns, mirrored := 0, -1
	all := boxes(boxOf(properties, "ipco"))
	wanted := propertiesOf(boxOf(properties, "ipma"), primaryItem(boxOf(meta, "pitm")))
	index := 0
	for kind, content := range all {
		if index++; !wanted[index] || len(content) == 0 {
			continue
		}
		switch kind {
		case "irot":
			turns = int(content[0] & 3)
		case "imir":
			mirrored = int(content[0] & 1)
		}
	}
	// Quarter turns counter-clockwise; then not mirrored, top to bottom, left to right.
	return [4][3]int{{1, 4, 2}, {8, 5, 7}, {3, 2, 4}, {6, 7, 5}}[turns][1+mirrored]
}

// claimColours makes a HEIC's pictures without colour say that they have the usual ones
// (4:2:0). The decoder in the sandbox asks libheif for what the file says: libheif adds
// grey colours then, but has no way from a picture without colours to one in YCbCr
// without. (ISO/IEC 14496-15, section 8.3.2, chroma_format_idc.)
func claimColours(body []byte) {
	const chroma, mask, usual = 16, 3, 1
	for kind, content := range boxes(boxOf(boxOf(metaOf(body), "iprp"), "ipco")) {
		if kind == "hvcC" && len(content) > chroma && content[chroma]&mask == 0 {
			content[chroma] |= usual
		}
	}
}

// shortHEIF tells whether a file's boxes, or what they say of its items, go beyond its end.
func shortHEIF(body []byte) bool {
	for rest := body; len(rest) > 0; {
		if len(rest) < boxHeader {
			return true
		}
		header, size := boxSize(rest)
		if size > uint64(len(rest)) {
			return true
		}
		rest = rest[max(header, size):]
	}
	meta := metaOf(body)
	return meta == nil && boxOf(body, "moov") == nil || itemsEnd(boxOf(meta, "iloc")) > int64(len(body))
}

// itemsEnd is where in the file the last of the items ends (ISO/IEC 14496-12, section 8.11.3).
func itemsEnd(iloc []byte) (end int64) {
	r := fields{iloc}
	version := r.next(1)
	r.next(3)
	sizes := r.next(2)
	ofOffset, ofLength, ofBase, ofIndex := int(sizes>>12), int(sizes>>8&15), int(sizes>>4&15), int(sizes&15)
	idSize := 2
	if version == 2 {
		idSize = 4
	}
	if version == 0 {
		ofIndex = 0
	}
	for range r.next(idSize) { // as many bytes as an id
		if len(r.data) == 0 {
			break
		}
		r.next(idSize)
		inFile := version == 0 || r.next(2)&15 == 0
		r.next(2)
		base := int64(r.next(ofBase))
		for range r.next(2) {
			if len(r.data) == 0 || ofIndex+ofOffset+ofLength == 0 { // whole files, in no bytes
				break
			}
			r.next(ofIndex)
			if last := base + int64(r.next(ofOffset)) + int64(r.next(ofLength)); inFile {
				end = max(end, last)
			}
		}
	}
	return end
}

// metaOf is the content of the box that tells of a file's items, behind its version.
func metaOf(body []byte) []byte {
	if meta := boxOf(body, "meta"); len(meta) >= fullBox {
		return meta[fullBox:]
	}
	return nil
}

// fullBox is the bytes of version and flags that begin the content of some boxes.
const fullBox = 4

// boxes are the kinds and contents of those in data, one after the other (ISO/IEC
// 14496-12, section 4.2).
func boxes(data []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for len(data) >= boxHeader {
			header, size := boxSize(data)
			if size < header || size > uint64(len(data)) || !yield(string(data[4:8]), data[header:size]) {
				return
			}
			data = data[size:]
		}
	}
}

const boxHeader = 8 // bytes of size and kind

// boxSize is the bytes of the header of the box that data begins with, and of all of it.
func boxSize(data []byte) (header, size uint64) {
	header, size = boxHeader, uint64(binary.BigEndian.Uint32(data))
	switch {
	case size == 0: // up to the end
		size = uint64(len(data))
	case size == 1 && len(data) >= 16:
		header, size = 16, binary.BigEndian.Uint64(data[boxHeader:])
	}
	return header, size
}

func boxOf(data []byte, kind string) []byte {
	for found, content := range boxes(data) {
		if found == kind {
			return content
		}
	}
	return nil
}

func primaryItem(pitm []byte) uint32 {
	r := fields{pitm}
	if version := r.next(1); version == 0 {
		r.next(3)
		return r.next(2)
	}
	r.next(3)
	return r.next(4)
}

// propertiesOf are the numbers, from 1, of an item's properties (ISO/IEC 23008-12, 9.3.2).
func propertiesOf(ipma []byte, item uint32) map[int]bool {
	r := fields{ipma}
	version, flags := r.next(1), r.next(3)
	idSize, indexSize, mask := 2, 1, uint32(1<<7-1)
	if version > 0 {
		idSize = 4
	}
	if flags&1 != 0 {
		indexSize, mask = 2, 1<<15-1
	}
	found := make(map[int]bool)
	for range r.next(4) {
		if len(r.data) == 0 {
			break
		}
		id := r.next(idSize)
		for range r.next(1) {
			if index := r.next(indexSize) & mask; id == item {
				found[int(index)] = true
			}
		}
	}
	return found
}

// fields are numbers of so many bytes each. Beyond the end they are 0.
type fields struct{ data []byte }

func (f *fields) next(size int) (value uint32) {
	for range min(size, len(f.data)) {
		value = value<<8 | uint32(f.data[0])
		f.data = f.data[1:]
	}
	return value
}
