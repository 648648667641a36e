package picture

import (
	"compress/lzw"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"io"
	"iter"
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
func mendGIF(ctx context.Context, _ decoder, body []byte, limits Limits, orientation int) (*Picture, error) {
	first, err := firstGIFImage(body)
	if err != nil {
		return nil, err
	}
	width, height := max(first.screen.X, first.bounds.Max.X), max(first.screen.Y, first.bounds.Max.Y)
	if err := limits.checkSize(width, height); err != nil {
		return nil, err
	}
	if err := limits.checkMemory(int64(width)*int64(height)*int64(memory(first.palette)), makeSmaller); err != nil {
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
	const graphicControl = 0xf9
	transparent := -1
	for block := range gifBlocks(body) {
		if block.isImage() {
			return newGIFImage(body, block, transparent)
		}
		if label, control := block.head[1], block.data; label == graphicControl && len(control) > 4 && control[1]&1 != 0 {
			transparent = int(control[4])
		}
	}
	return gifImage{}, errNoGIFImage
}

var errNoGIFImage = errors.New("it has no picture")

// newGIFImage reads an image with its own palette, or the file's.
func newGIFImage(body []byte, block gifBlock, transparent int) (gifImage, error) {
	const interlaced = 1 << 6
	number := func(b []byte) int { return int(binary.LittleEndian.Uint16(b)) }
	head, last := block.head, len(block.head)-1
	left, top := number(head[1:]), number(head[3:])
	i := gifImage{
		screen:     image.Pt(number(body[6:]), number(body[8:])),
		bounds:     image.Rect(left, top, left+number(head[5:]), top+number(head[7:])),
		interlaced: head[9]&interlaced != 0,
		codeSize:   int(head[last]),
	}
	palette := head[gifDescriptor:last]
	if len(palette) == 0 {
		palette = body[gifHeader:][:gifTable(body[10])]
	}
	if i.bounds.Empty() || len(palette) == 0 || i.codeSize < 2 || i.codeSize > 8 {
		return gifImage{}, errNoGIFImage
	}
	i.palette, i.data = gifPalette(palette, transparent), block.joined()
	return i, nil
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

// gifBlock is an image of a GIF, or an extension, as far as the file goes.
type gifBlock struct {
	head []byte // of an image descriptor, palette and the size of codes; of an extension its mark and label
	data []byte // sub-blocks, each after its length
}

const (
	gifHeader, gifDescriptor     = 13, 10 // bytes
	gifExtension, gifImageMarker = 0x21, 0x2c
)

// gifBlocks are those of a GIF, whose header does not say how many there are, up to its
// end or one that makes no sense (GIF89a Specification, sections 15 to 26).
func gifBlocks(body []byte) iter.Seq[gifBlock] {
	return func(yield func(gifBlock) bool) {
		if len(body) < gifHeader {
			return
		}
		for at := gifHeader + gifTable(body[10]); at+gifDescriptor < len(body); at++ {
			data := at + 2
			switch body[at] {
			case gifExtension:
			case gifImageMarker:
				data = at + gifDescriptor + gifTable(body[at+9]) + 1
			default:
				return
			}
			end := data
			for end < len(body) && body[end] != 0 {
				end += 1 + int(body[end])
			}
			end = min(end, len(body))
			if data > end || !yield(gifBlock{body[at:data], body[data:end]}) {
				return
			}
			at = end
		}
	}
}

func (b gifBlock) isImage() bool { return b.head[0] == gifImageMarker }

// joined are the contents of the sub-blocks.
func (b gifBlock) joined() (content []byte) {
	for rest := b.data; len(rest) > 0; {
		end := min(1+int(rest[0]), len(rest))
		content = append(content, rest[1:end]...)
		rest = rest[end:]
	}
	return content
}

// gifTable is the bytes of the colour table that a descriptor's flags announce.
func gifTable(flags byte) int {
	const colourTable, tableOfTwo = 1 << 7, 3 * 2
	if flags&colourTable == 0 {
		return 0
	}
	return tableOfTwo << (flags & 7)
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
