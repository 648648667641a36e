package picture

import "encoding/binary"

// orientationOf reads from a TIFF structure, which EXIF data is, how the camera was
// held, 1 to 8 (EXIF 2.32, tag 0x0112), as browsers do: the first directory's entry
// counts when it is one SHORT, and nothing else does. Without it, or with one that makes
// no sense, it is 1: broken metadata is no reason to refuse a picture.
func orientationOf(tiff []byte) int {
	const (
		header, entrySize = 8, 12
		tag, short        = 0x0112, 3
	)
	order := byteOrder(tiff)
	if order == nil || len(tiff) < header {
		return 1
	}
	directory := uint64(order.Uint32(tiff[4:]))
	if directory+2 > uint64(len(tiff)) {
		return 1
	}
	entries := tiff[directory+2:]
	for range order.Uint16(tiff[directory:]) {
		if len(entries) < entrySize {
			return 1
		}
		if order.Uint16(entries) == tag && order.Uint16(entries[2:]) == short && order.Uint32(entries[4:]) == 1 {
			if value := order.Uint16(entries[8:]); 1 <= value && value <= 8 {
				return int(value)
			}
		}
		entries = entries[entrySize:]
	}
	return 1
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
