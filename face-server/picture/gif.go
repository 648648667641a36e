package picture

import (
	"bytes"
	"compress/lzw"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"io"
)

// gifImage is the first image of a GIF (GIF89a Specification, sections 18 to 23).
type gifImage struct {
	screen     image.Point
	bounds     image.Rectangle // on the screen, or beyond its edge
	palette    color.Palette
	interlaced bool
	codeSize   int
	data       []byte // compressed
}

// mendGIF decodes what viewers show of a GIF that package gif refuses: the first frame,
// as far as it goes, on a screen that is large enough for it.
func mendGIF(ctx context.Context, body []byte, limits Limits, orientation int) (*Picture, error) {
	first, err := firstGIFImage(body)
	if err != nil {
		return nil, err
	}
	width, height := max(first.screen.X, first.bounds.Max.X), max(first.screen.Y, first.bounds.Max.Y)
	if err := limits.checkSize(width, height); err != nil {
		return nil, err
	}
	if err := limits.checkMemory(int64(width) * int64(height) * int64(memory(first.palette))); err != nil {
		return nil, err
	}
	decoded := image.NewPaletted(first.bounds, first.palette)
	unpacked := lzw.NewReader(&reader{ctx: ctx, body: first.data}, lzw.LSB, first.codeSize)
	defer unpacked.Close()
	there, _ := io.ReadFull(unpacked, decoded.Pix)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if there == 0 {
		return nil, errors.New("none of its pixels can be read")
	}
	if first.interlaced {
		decoded.Pix = inOrder(decoded.Pix, decoded.Stride)
	}
	p := newPicture(decoded, width, height, orientation)
	if missing := len(decoded.Pix) - there; missing > 0 {
		p.Warning = cutOff(int64(missing), int64(len(decoded.Pix)))
	}
	return p, nil
}

// firstGIFImage reads up to the first image's data. What is cut off in the data is no error.
func firstGIFImage(body []byte) (gifImage, error) {
	const (
		header, descriptor    = 13, 10
		extension, imageBlock = 0x21, 0x2c
		graphicControl        = 0xf9
		interlaced            = 1 << 6
	)
	errCut := errors.New("it has no picture")
	if len(body) < header {
		return gifImage{}, errCut
	}
	number := func(at int) int { return int(binary.LittleEndian.Uint16(body[at:])) }
	first := gifImage{screen: image.Pt(number(6), number(8))}
	at := header + gifTable(body[10])
	palette, transparent := body[header:min(at, len(body))], -1
	for at+descriptor < len(body) && body[at] == extension {
		if control := body[at:]; control[1] == graphicControl && len(control) > 6 && control[3]&1 != 0 {
			transparent = int(control[6])
		}
		_, at = gifBlocks(body, at+2)
	}
	if at+descriptor >= len(body) || body[at] != imageBlock {
		return gifImage{}, errCut
	}
	left, top := number(at+1), number(at+3)
	first.bounds = image.Rect(left, top, left+number(at+5), top+number(at+7))
	flags := body[at+9]
	first.interlaced = flags&interlaced != 0
	at += descriptor
	if size := gifTable(flags); size > 0 {
		palette = body[at:min(at+size, len(body))]
		at += size
	}
	if at >= len(body) || first.bounds.Empty() || len(palette) < 3 {
		return gifImage{}, errCut
	}
	if first.codeSize = int(body[at]); first.codeSize < 2 || first.codeSize > 8 {
		return gifImage{}, errCut
	}
	first.palette = gifPalette(palette, transparent)
	first.data, _ = gifBlocks(body, at+1)
	return first, nil
}

// gifPalette has every colour that a pixel can name, those beyond the table black.
func gifPalette(table []byte, transparent int) color.Palette {
	palette := make(color.Palette, 256)
	for i := range palette {
		c := color.NRGBA{A: 255}
		if rgb := table[min(3*i, len(table)):]; len(rgb) >= 3 {
			c = color.NRGBA{rgb[0], rgb[1], rgb[2], 255}
		}
		if i == transparent {
			c = color.NRGBA{}
		}
		palette[i] = c
	}
	return palette
}

// gifTable is the bytes of the colour table that a descriptor's flags announce.
func gifTable(flags byte) int {
	const colourTable, tableOfTwo = 1 << 7, 3 * 2
	if flags&colourTable == 0 {
		return 0
	}
	return tableOfTwo << (flags & 7)
}

// gifBlocks joins the sub-blocks from at, each after its length, and tells where the next
// block begins.
func gifBlocks(body []byte, at int) (content []byte, next int) {
	var b bytes.Buffer
	for at < len(body) && body[at] != 0 {
		end := min(at+1+int(body[at]), len(body))
		b.Write(body[at+1 : end])
		at = end
	}
	return b.Bytes(), at + 1
}

// inOrder sorts the rows of an interlaced image (GIF89a Specification, appendix E).
func inOrder(pix []byte, stride int) []byte {
	sorted, rows := make([]byte, len(pix)), len(pix)/stride
	from := 0
	for _, pass := range [][2]int{{0, 8}, {4, 8}, {2, 4}, {1, 2}} {
		for row := pass[0]; row < rows; row += pass[1] {
			copy(sorted[row*stride:][:stride], pix[from:])
			from += stride
		}
	}
	return sorted
}
