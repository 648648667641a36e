package picture

import (
	"bytes"
	"encoding/binary"
	"io"

	"golang.org/x/image/riff"
)

// firstFrame is an animated WebP's first frame as a WebP of its own; any other body
// is given back as it is. Package webp knows no animation.
// (WebP Container Specification, "Animation".)
func firstFrame(body []byte) []byte {
	const animated = 1 << 1
	if len(body) < 21 || string(body[12:16]) != "VP8X" || body[20]&animated == 0 {
		return body
	}
	_, chunks, err := riff.NewReader(bytes.NewReader(body))
	for err == nil {
		var id riff.FourCC
		var content io.Reader
		id, _, content, err = chunks.Next()
		if err != nil || id != (riff.FourCC{'A', 'N', 'M', 'F'}) {
			continue
		}
		data, readErr := io.ReadAll(content)
		if readErr != nil || len(data) < 16 {
			return body
		}
		return frameFile(data[6:12], data[16:])
	}
	return body
}

// frameFile is a WebP of one frame's size, as its header has it, and chunks.
func frameFile(size, chunks []byte) []byte {
	const alpha = 1 << 4
	content := []byte("WEBP")
	if bytes.HasPrefix(chunks, []byte("ALPH")) {
		content = append(content, "VP8X\x0a\x00\x00\x00"...)
		content = append(content, alpha, 0, 0, 0)
		content = append(content, size...)
	}
	content = append(content, chunks...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(content))), content...)
}
