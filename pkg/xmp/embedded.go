package xmp

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
)

// Embedded is the XMP packet in a JPEG, PNG or WebP; nil for none. It believes no
// length that the file does not have.
func Embedded(file []byte) []byte {
	switch {
	case bytes.HasPrefix(file, []byte("\xff\xd8")):
		return inJPEG(file)
	case bytes.HasPrefix(file, []byte("\x89PNG\r\n\x1a\n")):
		return inPNG(file[8:])
	case len(file) > 12 && string(file[:4]) == "RIFF" && string(file[8:12]) == "WEBP":
		return inWebP(file[12:])
	}
	return nil
}

// inJPEG looks for an APP1 segment (XMP, part 3, section 1.1.3), before the pixels.
func inJPEG(file []byte) []byte {
	const app1, scan = 0xe1, 0xda
	signature := []byte("http://ns.adobe.com/xap/1.0/\x00")
	for at := 2; at+4 <= len(file) && file[at] == 0xff; {
		marker := file[at+1]
		if marker == 0xff { // fill bytes
			at++
			continue
		}
		size := int(binary.BigEndian.Uint16(file[at+2:]))
		if marker == scan || size < 2 || at+2+size > len(file) {
			return nil
		}
		if packet, ok := bytes.CutPrefix(file[at+4:at+2+size], signature); ok && marker == app1 {
			return packet
		}
		at += 2 + size
	}
	return nil
}

// inPNG looks for an iTXt chunk (XMP, part 3, section 1.1.5), which may be compressed.
func inPNG(chunks []byte) []byte {
	const head, sum = 8, 4
	for len(chunks) >= head {
		size := uint64(binary.BigEndian.Uint32(chunks))
		kind := string(chunks[4:head])
		if size > uint64(len(chunks[head:])) {
			return nil
		}
		content := chunks[head : head+size]
		if text, ok := bytes.CutPrefix(content, []byte("XML:com.adobe.xmp\x00")); ok && kind == "iTXt" && len(text) > 2 {
			return international(text[0] == 1, text[2:])
		}
		if kind == "IEND" || size+head+sum > uint64(len(chunks)) {
			return nil
		}
		chunks = chunks[size+head+sum:]
	}
	return nil
}

// international is the text of an iTXt chunk, behind its language and keyword.
func international(compressed bool, text []byte) []byte {
	for range 2 {
		_, after, ok := bytes.Cut(text, []byte{0})
		if !ok {
			return nil
		}
		text = after
	}
	if !compressed {
		return text
	}
	reader, err := zlib.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil
	}
	defer reader.Close()
	packet, err := io.ReadAll(io.LimitReader(reader, MaxPacket+1)) // one byte more is refused
	if err != nil {
		return nil
	}
	return packet
}

// inWebP looks for a chunk of the container (RFC 9649, section 2.7).
func inWebP(chunks []byte) []byte {
	const head = 8
	for len(chunks) >= head {
		size := uint64(binary.LittleEndian.Uint32(chunks[4:]))
		if size > uint64(len(chunks[head:])) {
			return nil
		}
		if string(chunks[:4]) == "XMP " {
			return chunks[head : head+size]
		}
		chunks = chunks[min(head+size+size%2, uint64(len(chunks))):]
	}
	return nil
}
