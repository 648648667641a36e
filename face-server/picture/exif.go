package picture

import (
	"encoding/binary"
	"iter"
)

// orientationOf reads from a TIFF structure, which EXIF data is, how the camera was
// held, 1 to 8 (EXIF 2.32, tag 0x0112), as browsers do: the first directory's entry
// counts when it is one SHORT, and nothing else does. Without it, or with one that makes
// no sense, it is 1: broken metadata is no reason to refuse a picture.
func orientationOf(tiff []byte) int {
	const tag = 0x0112
	for e := range tiffEntries(tiff) {
		if e.tag == tag && e.kind == tiffShort && e.count == 1 && 1 <= e.value && e.value <= 8 {
			return e.value
		}
	}
	return 1
}

// tiffEntry is an entry of a directory (TIFF 6.0, section 2).
type tiffEntry struct {
	tag, kind int
	count     uint32
	value     int // where it is one SHORT or LONG
}

const tiffShort, tiffLong = 3, 4

// tiffEntries are those of the first directory, as far as they go.
func tiffEntries(tiff []byte) iter.Seq[tiffEntry] {
	const header, entrySize = 8, 12
	return func(yield func(tiffEntry) bool) {
		order := byteOrder(tiff)
		if order == nil || len(tiff) < header {
			return
		}
		directory := uint64(order.Uint32(tiff[4:]))
		if directory+2 > uint64(len(tiff)) {
			return
		}
		entries := tiff[directory+2:]
		for range order.Uint16(tiff[directory:]) {
			if len(entries) < entrySize {
				return
			}
			e := tiffEntry{tag: int(order.Uint16(entries)), kind: int(order.Uint16(entries[2:])), count: order.Uint32(entries[4:])}
			switch e.kind {
			case tiffShort:
				e.value = int(order.Uint16(entries[8:]))
			case tiffLong:
				e.value = int(order.Uint32(entries[8:]))
			}
			if !yield(e) {
				return
			}
			entries = entries[entrySize:]
		}
	}
}

// byteOrder is what a TIFF says of itself (TIFF 6.0, section 2), nil when it is none.
func byteOrder(tiff []byte) binary.ByteOrder {
	if len(tiff) >= 4 {
		switch string(tiff[:4]) {
		case "II*\x00":
			return binary.LittleEndian
		case "MM\x00*":
			return binary.BigEndian
		}
	}
	return nil
}
