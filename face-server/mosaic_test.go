package main

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/draw"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	xdraw "golang.org/x/image/draw"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
)

// pasted is a sample picture in a larger one.
type pasted struct {
	sample string
	at     image.Rectangle
}

// unit is the width and height, in pixels, of what package jpeg's encoder interleaves.
const unit = 16

// photographed is a baseline JPEG as large as a camera makes them: samples before a grey wall,
// with a sensor's noise. It is put together of cells, between two restart markers each, so
// that only a few have to be encoded; a row of the picture must be a whole number of them.
func photographed(tb testing.TB, width, height, cellWidth int, samples ...pasted) []byte {
	tb.Helper()
	if (width+unit-1)/unit*unit%cellWidth != 0 {
		tb.Fatalf("%d pixels are not a whole number of cells of %d", width, cellWidth)
	}
	random := rand.New(rand.NewPCG(1, 2))
	var walls [16]cell
	for i := range walls {
		wall := image.NewRGBA(image.Rect(0, 0, cellWidth, unit))
		for at := range wall.Pix {
			wall.Pix[at] = byte(120 + random.IntN(16))
		}
		walls[i] = encodeCell(tb, wall)
	}
	front := map[image.Point]cell{} // by the place of their first pixel
	for _, p := range samples {
		for at, c := range p.cells(tb, cellWidth) {
			front[at] = c
		}
	}
	body := walls[0].header(width, height, cellWidth/unit)
	for n, y := 0, 0; y < height; y += unit {
		for x := 0; x < width; x += cellWidth {
			c, ok := front[image.Pt(x, y)]
			if !ok {
				c = walls[random.IntN(len(walls))]
			}
			if n > 0 {
				body = append(body, 0xff, 0xd0+byte((n-1)%8))
			}
			body = append(body, c.scan()...)
			n++
		}
	}
	return append(body, 0xff, 0xd9)
}

// cells are those that the sample lies in. No two samples may share one.
func (p pasted) cells(tb testing.TB, cellWidth int) map[image.Point]cell {
	tb.Helper()
	file := testkit.Must(os.Open(filepath.Join(deptest.Samples(tb), "pictures", p.sample)))(tb)
	defer file.Close()
	original := testkit.Must(jpeg.Decode(file))(tb)
	first := image.Pt(p.at.Min.X/cellWidth*cellWidth, p.at.Min.Y/unit*unit)
	all := image.NewRGBA(image.Rectangle{first, p.at.Max.Add(image.Pt(cellWidth, unit))})
	draw.Draw(all, all.Rect, image.NewUniform(image.White.C), image.Point{}, draw.Src)
	xdraw.ApproxBiLinear.Scale(all, p.at, original, original.Bounds(), draw.Src, nil)
	cells := map[image.Point]cell{}
	for y := first.Y; y < p.at.Max.Y; y += unit {
		for x := first.X; x < p.at.Max.X; x += cellWidth {
			at := image.Pt(x, y)
			cells[at] = encodeCell(tb, all.SubImage(image.Rectangle{at, at.Add(image.Pt(cellWidth, unit))}))
		}
	}
	return cells
}

// cell is a JPEG of one row of units.
type cell []byte

func encodeCell(tb testing.TB, img image.Image) cell {
	tb.Helper()
	var b bytes.Buffer
	testkit.Succeed(tb, jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}))
	return b.Bytes()
}

// header is what stands before the pixels in a picture of such cells, of so many units
// each (ISO/IEC 10918-1, B.2.2 and B.2.4.4).
func (c cell) header(width, height, units int) []byte {
	header := bytes.Clone(c[:c.begin()])
	frame, scan := bytes.Index(header, []byte{0xff, 0xc0}), bytes.LastIndex(header, []byte{0xff, 0xda})
	binary.BigEndian.PutUint16(header[frame+5:], uint16(height))
	binary.BigEndian.PutUint16(header[frame+7:], uint16(width))
	restarts := []byte{0xff, 0xdd, 0, 4, byte(units >> 8), byte(units)}
	return bytes.Join([][]byte{header[:scan], restarts, header[scan:]}, nil)
}

// scan is the compressed pixels.
func (c cell) scan() []byte { return c[c.begin() : len(c)-2] }

// begin is where they begin.
func (c cell) begin() int {
	scan := bytes.Index(c, []byte{0xff, 0xda})
	return scan + 2 + int(binary.BigEndian.Uint16(c[scan+2:]))
}
