package gallery

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// A segment's file is: segmentMagic, the number of records, each record without its
// embedding, padding to a multiple of 4, every embedding's numbers, and the CRC-32C
// of all that. Numbers are little-endian; a text has its length before it.
const segmentMagic = "lineup faces 1\n"

// least is how many bytes a record has without its texts and its embedding.
const least = 4 + 8 + 8 + 32 + 4 + 4 + 4*8

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errSegment = errors.New("it is damaged or no file of descriptions")

// encode writes records whose embeddings have length numbers or none.
func encode(records []record, length int) []byte {
	b := make([]byte, 0, len(segmentMagic)+8+len(records)*(least+64+4*length))
	b = binary.LittleEndian.AppendUint32(append(b, segmentMagic...), uint32(len(records))) //nolint:gosec // no more than photos of a gallery
	for _, r := range records {
		b = appendText(b, r.name)
		b = binary.LittleEndian.AppendUint64(b, uint64(r.stamp.size))     //nolint:gosec // the same bits, as decode takes them
		b = binary.LittleEndian.AppendUint64(b, uint64(r.stamp.modified)) //nolint:gosec // the same bits
		b = append(b, r.content[:]...)
		why := ""
		if r.unreadable != nil {
			why = r.unreadable.Error()
		}
		b = appendText(b, why)
		b = binary.LittleEndian.AppendUint32(b, uint32(r.faces)) //nolint:gosec // no more than MAX_FACES
		for _, v := range []float64{r.second, r.quality.Width, r.quality.Light, r.quality.Sharpness} {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
	}
	b = append(b, make([]byte, -len(b)&3)...)
	for _, r := range records {
		for _, v := range r.embedding[:min(r.faces, 1)*length] {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
	}
	return sealed(b)
}

func sealed(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func appendText(b []byte, text string) []byte {
	length := uint32(len(text)) //nolint:gosec // a name, or an error's message
	return append(binary.LittleEndian.AppendUint32(b, length), text...)
}

// decode is the way back. The error wraps errSegment.
func decode(file []byte, length int) ([]record, error) {
	if len(file) < len(segmentMagic)+8 || string(file[:len(segmentMagic)]) != segmentMagic {
		return nil, errSegment
	}
	body, sum := file[:len(file)-4], binary.LittleEndian.Uint32(file[len(file)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return nil, fmt.Errorf("%w: its checksum is wrong", errSegment)
	}
	c := cursor{rest: body[len(segmentMagic):]}
	count := int(c.uint32())
	if count > len(body)/least {
		return nil, errSegment
	}
	records := make([]record, count)
	for i := range records {
		r := &records[i]
		r.name = c.text()
		r.stamp = stamp{int64(c.uint64()), int64(c.uint64())} //nolint:gosec // the same bits, as encode wrote them
		copy(r.content[:], c.take(len(r.content)))
		if why := c.text(); why != "" {
			r.unreadable = noPicture(why)
		}
		r.faces = int(c.uint32())
		for _, v := range []*float64{&r.second, &r.quality.Width, &r.quality.Light, &r.quality.Sharpness} {
			*v = math.Float64frombits(c.uint64())
		}
	}
	c.take(-(len(body) - len(c.rest)) & 3)
	for i := range records {
		if records[i].faces > 0 {
			records[i].embedding = c.floats(length)
		}
	}
	if c.short || len(c.rest) > 0 {
		return nil, errSegment
	}
	return records, nil
}

// cursor reads from the front of rest, zeros once it is too short.
type cursor struct {
	rest  []byte
	short bool
}

func (c *cursor) take(n int) []byte {
	if n > len(c.rest) {
		c.short, c.rest = true, nil
		return make([]byte, min(n, 64))
	}
	taken := c.rest[:n]
	c.rest = c.rest[n:]
	return taken
}

func (c *cursor) uint32() uint32 { return binary.LittleEndian.Uint32(c.take(4)) }
func (c *cursor) uint64() uint64 { return binary.LittleEndian.Uint64(c.take(8)) }

func (c *cursor) text() string {
	n := int(c.uint32())
	if n > len(c.rest) {
		c.short = true
		return ""
	}
	return string(c.take(n))
}

func (c *cursor) floats(n int) []float32 {
	if 4*n > len(c.rest) {
		c.short = true
		return nil
	}
	floats := make([]float32, n)
	b := c.take(4 * n)
	for i := range floats {
		floats[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return floats
}
