package picture

import (
	"bytes"
	"encoding/binary"
	"io"

	"golang.org/x/image/riff"
)

// Each of these gives an animation's frames, counted up to most at least, without
// decoding one. Bytes that make no sense end the count: the decoder finds them, too.

// gifFrames counts the images among a GIF's blocks.
func gifFrames(body []byte, most int) (frames int) {
	for block := range gifBlocks(body) {
		if block.isImage() {
			frames++
		}
		if frames > most {
			break
		}
	}
	return frames
}

// webpFrames counts the ANMF chunks (WebP Container Specification, "Animation").
func webpFrames(body []byte, most int) (frames int) {
	_, chunks, err := riff.NewReader(bytes.NewReader(body))
	for err == nil && frames <= most {
		var id riff.FourCC
		id, _, _, err = chunks.Next()
		if err == nil && id == animationFrame {
			frames++
		}
	}
	return frames
}

var animationFrame = riff.FourCC{'A', 'N', 'M', 'F'}

// pngFrames reads the acTL chunk, which an animated PNG has before its pixels (PNG
// Specification, third edition, "acTL Animation Control Chunk").
func pngFrames(body []byte, _ int) int {
	for chunk := range pngChunks(body) {
		if content := chunk.content(); chunk.kind() == "acTL" && len(content) >= 4 {
			return int(binary.BigEndian.Uint32(content))
		}
		if chunk.kind() == "IDAT" {
			break
		}
	}
	return 1
}

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
		if err != nil || id != animationFrame {
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
	length := uint32(len(content)) //nolint:gosec // a part of a picture, whose bytes are limited
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), length), content...)
}
