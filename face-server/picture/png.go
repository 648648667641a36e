package picture

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
)

// pngConfig reads the header. Of a picture that package png takes for one of an unknown
// kind, as it has more pixels than a number holds, it gives the size.
func pngConfig(r io.Reader) (image.Config, error) {
	const widthAt, heightAt, most = len(pngSignature) + chunkStart, len(pngSignature) + chunkStart + 4, math.MaxInt32
	var first [heightAt + 4]byte
	n, _ := io.ReadFull(r, first[:])
	config, err := png.DecodeConfig(io.MultiReader(bytes.NewReader(first[:n]), r))
	if _, unknown := errors.AsType[png.UnsupportedError](err); unknown && n == len(first) {
		width, height := binary.BigEndian.Uint32(first[widthAt:]), binary.BigEndian.Uint32(first[heightAt:])
		if width > 0 && height > most/width {
			return image.Config{ColorModel: color.NRGBAModel, Width: int(width), Height: int(height)}, nil
		}
	}
	return config, err
}

// mendPNG decodes what viewers show of a PNG that package png refuses: with wrong
// checksums, surplus data or no end, cut off, or changed by Apple's tools ("CgBI").
// It makes a PNG of what matters: header, palette, and the pixels that there are.
func mendPNG(ctx context.Context, _ decoder, body []byte, limits Limits, orientation int) (*Picture, error) {
	parts := partsOfPNG(body)
	config, err := pngConfig(bytes.NewReader(parts.file(nil)))
	if err != nil {
		return nil, err
	}
	width, height := config.Width, config.Height
	if err := limits.checkSize(width, height); err != nil {
		return nil, err
	}
	size := pixelDataSize(parts.header, width, height)
	const copies = 2 // what is unpacked, and the PNG made of it
	if err := limits.checkMemory(copies*size+int64(width)*int64(height)*int64(memory(config.ColorModel)), adviceFor(config.ColorModel)); err != nil {
		return nil, err
	}
	pixels, missing, err := parts.pixels(ctx, size)
	if err != nil {
		return nil, err
	}
	decoded, err := png.Decode(&reader{ctx: ctx, body: parts.file(pixels)})
	if err != nil {
		return nil, err
	}
	if parts.apple {
		decoded = appleColours(decoded)
	}
	p := newPicture(decoded, width, height, orientation)
	switch {
	case missing > 0:
		p.Warning = cutOff(missing, size)
	case parts.damaged:
		p.Warning = "the file is damaged: parts of the picture may be wrong"
	}
	return p, nil
}

// pngParts is what of a PNG makes its pixels.
type pngParts struct {
	header, palette, transparent []byte   // contents of IHDR, PLTE, tRNS; nil where there is none
	data                         [][]byte // contents of the IDATs
	apple                        bool     // no header before the compressed data, and blue before red
	damaged                      bool     // data's checksum is wrong
}

func partsOfPNG(body []byte) (parts pngParts) {
	for chunk := range pngChunks(body) {
		content := chunk.content()
		switch chunk.kind() {
		case "CgBI":
			parts.apple = true
		case "IHDR":
			parts.header = content
		case "PLTE":
			parts.palette = content
		case "tRNS":
			parts.transparent = content
		case "IDAT":
			parts.data = append(parts.data, content)
			parts.damaged = parts.damaged || chunk.whole() && chunk.sum() != crc32.ChecksumIEEE(chunk.checked())
		}
	}
	return parts
}

// file is a PNG of the parts, with other compressed pixels.
func (p pngParts) file(pixels []byte) []byte {
	file := []byte(pngSignature)
	for _, part := range []struct {
		kind    string
		content []byte
	}{{"IHDR", p.header}, {"PLTE", p.palette}, {"tRNS", p.transparent}, {"IDAT", pixels}, {"IEND", []byte{}}} {
		if part.content != nil {
			file = appendChunk(file, part.kind, part.content)
		}
	}
	return file
}

// pixels are as many bytes of pixel data as belong to the picture, those that are missing
// as zeros, in zlib's format but not compressed.
func (p pngParts) pixels(ctx context.Context, size int64) (packed []byte, missing int64, err error) {
	var sources []io.Reader
	for _, data := range p.data {
		sources = append(sources, &reader{ctx: ctx, body: data})
	}
	compressed := io.MultiReader(sources...)
	if !p.apple {
		const zlibHeader = 2
		if _, err := io.CopyN(io.Discard, compressed, zlibHeader); err != nil {
			return nil, 0, err
		}
	}
	var b bytes.Buffer
	b.Grow(int(size + size/1000 + 1000)) // limited by checkMemory
	w, err := zlib.NewWriterLevel(&b, zlib.NoCompression)
	if err != nil {
		return nil, 0, err
	}
	there, err := io.CopyN(w, flate.NewReader(compressed), size)
	if err != nil && there == 0 {
		return nil, 0, errors.New("none of its pixels can be read")
	}
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	if _, err := io.CopyN(w, zeros{}, size-there); err != nil {
		return nil, 0, err
	}
	err = w.Close() // writes what is left
	return b.Bytes(), size - there, err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// pixelDataSize is the bytes of all rows before they are compressed, each after the byte
// that tells its filter; the rows of an interlaced picture are those of seven smaller
// ones (PNG Specification, third edition, sections 7.2 and 8).
func pixelDataSize(header []byte, width, height int) int64 {
	channels := map[byte]int{0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[header[9]]
	bits := channels * int(header[8])
	size := func(width, height int) int64 {
		if width == 0 || height == 0 {
			return 0
		}
		return int64(height) * int64(1+(width*bits+7)/8)
	}
	if interlaced := header[12] != 0; !interlaced {
		return size(width, height)
	}
	var sum int64
	for _, pass := range []struct{ x, y, across, down int }{
		{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4}, {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2},
	} {
		sum += size((width-pass.x+pass.across-1)/pass.across, (height-pass.y+pass.down-1)/pass.down)
	}
	return sum
}

// appleColours puts right what Apple's tools do to a PNG: blue is where red should be,
// and the colours are multiplied by the opacity.
func appleColours(decoded image.Image) image.Image {
	var pix []byte
	switch img := decoded.(type) {
	case *image.NRGBA:
		pix, decoded = img.Pix, &image.RGBA{Pix: img.Pix, Stride: img.Stride, Rect: img.Rect}
	case *image.RGBA:
		pix = img.Pix
	}
	for at := 0; at+4 <= len(pix); at += 4 {
		pix[at], pix[at+2] = pix[at+2], pix[at]
	}
	return decoded
}
