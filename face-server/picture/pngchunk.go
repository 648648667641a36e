package picture

import (
	"encoding/binary"
	"hash/crc32"
	"iter"
)

// pngChunk is a chunk of a PNG from its length to its checksum, or as far as the file
// goes, but with its kind (PNG Specification, third edition, section 5.3).
type pngChunk []byte

const (
	pngSignature = "\x89PNG\r\n\x1a\n"
	chunkStart   = 8 // bytes of length and kind
	chunkSum     = 4 // bytes of the checksum
)

func (c pngChunk) kind() string    { return string(c[4:chunkStart]) }
func (c pngChunk) size() int       { return int(binary.BigEndian.Uint32(c)) }
func (c pngChunk) whole() bool     { return len(c) == chunkStart+c.size()+chunkSum }
func (c pngChunk) content() []byte { return c[chunkStart:min(chunkStart+c.size(), len(c))] }

// checked is what the checksum of a whole chunk is of, and sum that checksum.
func (c pngChunk) checked() []byte { return c[4 : chunkStart+c.size()] }
func (c pngChunk) sum() uint32     { return binary.BigEndian.Uint32(c[chunkStart+c.size():]) }

// pngChunks are those of a file, one after the other, up to its end or the file's.
func pngChunks(body []byte) iter.Seq[pngChunk] {
	return func(yield func(pngChunk) bool) {
		body = body[min(len(pngSignature), len(body)):]
		for len(body) >= chunkStart {
			chunk := pngChunk(body)
			chunk = chunk[:min(chunkStart+chunk.size()+chunkSum, len(chunk))]
			if !yield(chunk) || chunk.kind() == "IEND" {
				return
			}
			body = body[len(chunk):]
		}
	}
}

func appendChunk(file []byte, kind string, content []byte) []byte {
	file = binary.BigEndian.AppendUint32(file, uint32(len(content))) //nolint:gosec // limited as the picture's pixels are
	start := len(file)
	file = append(append(file, kind...), content...)
	return binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(file[start:]))
}
