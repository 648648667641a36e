package picture_test

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"strings"
	"testing"

	"lineup.dev/lineup/face-server/picture"
)

// What every viewer shows, though it is not as the format wants it.
func TestSloppyFiles(t *testing.T) {
	body := encodePNG(t, upright())
	const header = 33 // signature and IHDR
	data := bytes.Index(body, []byte("IDAT")) - 4
	end := bytes.Index(body, []byte("IEND")) - 4
	after := func(at int, more ...[]byte) []byte {
		return bytes.Join(append(append([][]byte{body[:at]}, more...), body[at:]), nil)
	}
	wrong := chunk("tEXt", []byte("a\x00b"))
	wrong[len(wrong)-1]++
	for name, sloppy := range map[string][]byte{
		"a PNG with the wrong checksum of a text":      after(header, wrong),
		"a PNG with the wrong checksum of its header":  append(append(bytes.Clone(body[:header-1]), body[header-1]+1), body[header:]...),
		"a PNG without an end":                         body[:end],
		"a PNG with an end that is cut":                body[:end+9],
		"a PNG with a chunk within its pixels":         split(t, body, data),
		"a PNG with more pixels than it shows":         surplus(t),
		"a PNG as Apple's tools leave it":              apple(t),
		"a GIF on a screen of nothing":                 onScreen(encodeGIF(t), 0, 0),
		"a GIF on a screen that is too small":          onScreen(encodeGIF(t), 20, 10),
		"a GIF without what comes after its picture":   onlyFirst(t, encodeGIF(t)),
		"an interlaced GIF on a screen of nothing":     onScreen(interlacedGIF(t), 0, 0),
		"a GIF with data after its picture's last row": tooMuchGIF(t),
	} {
		t.Run(name, func(t *testing.T) {
			mustShow(t, sloppy, quarters)
			if p, err := picture.Decode(t.Context(), sloppy, enough); err != nil || p.Warning != "" {
				t.Errorf("it has the warning %q, error %v", p.Warning, err)
			}
		})
	}
}

// split puts the pixels into two chunks with another between them, which package png takes
// for the pixels' end.
func split(t *testing.T, body []byte, at int) []byte {
	t.Helper()
	size := int(binary.BigEndian.Uint32(body[at:]))
	data := body[at+8:][:size]
	return bytes.Join([][]byte{body[:at], chunk("IDAT", data[:size/2]), chunk("tEXt", []byte("a\x00b")), chunk("IDAT", data[size/2:]), body[at+12+size:]}, nil)
}

// rows are the upright picture's, each after its filter, with red and blue as order says.
func rows(order string) []byte {
	var b []byte
	for y := range 32 {
		b = append(b, 0)
		for x := range 48 {
			c := upright().NRGBAAt(x, y)
			if order == "RGB" {
				b = append(b, c.R, c.G, c.B)
			} else {
				b = append(b, c.B, c.G, c.R, c.A)
			}
		}
	}
	return b
}

func pngOf(colours byte, parts ...[]byte) []byte {
	size := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 48), 32)
	header := chunk("IHDR", append(size, 8, colours, 0, 0, 0))
	return bytes.Join(append(append([][]byte{[]byte("\x89PNG\r\n\x1a\n")}, parts[0], header), parts[1:]...), nil)
}

func surplus(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(rows("RGB"))
	w.Write(make([]byte, 1000))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return pngOf(2, nil, chunk("IDAT", b.Bytes()), chunk("IEND", nil))
}

func apple(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 6)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(rows("BGRA"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return pngOf(6, chunk("CgBI", []byte{0x50, 0, 0x20, 2}), chunk("IDAT", b.Bytes()), chunk("IEND", nil))
}

func onScreen(body []byte, width, height uint16) []byte {
	body = bytes.Clone(body)
	binary.LittleEndian.PutUint16(body[6:], width)
	binary.LittleEndian.PutUint16(body[8:], height)
	return body
}

// onlyFirst cuts a GIF behind its first picture's last block with pixels.
func onlyFirst(t *testing.T, body []byte) []byte {
	t.Helper()
	at := imageData(t, body) + 1
	for body[at] != 0 {
		at += 1 + int(body[at])
	}
	return body[:at]
}

// imageData is where the first picture's data begins, with the size of its codes.
func imageData(t *testing.T, body []byte) int {
	t.Helper()
	at := bytes.Index(body, []byte{0x2c, 0, 0, 0, 0, 48, 0, 32, 0})
	if at < 0 {
		t.Fatal("the GIF has no picture of 48×32")
	}
	flags := body[at+9]
	at += 10
	if flags&0x80 != 0 {
		at += 6 << (flags & 7)
	}
	return at
}

func paletted(rowAt func(y int) int) *image.Paletted {
	palette := color.Palette{color.Black}
	for _, c := range quarters {
		palette = append(palette, c)
	}
	img := image.NewPaletted(image.Rect(0, 0, 48, 32), palette)
	for y := range 32 {
		for x := range 48 {
			img.Set(x, rowAt(y), upright().At(x, y))
		}
	}
	return img
}

func encodePaletted(t *testing.T, img *image.Paletted) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{img}, Delay: []int{0}}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// interlacedGIF has its rows in the order of the four passes (GIF89a, appendix E).
func interlacedGIF(t *testing.T) []byte {
	t.Helper()
	var order []int
	for _, pass := range [][2]int{{0, 8}, {4, 8}, {2, 4}, {1, 2}} {
		for y := pass[0]; y < 32; y += pass[1] {
			order = append(order, y)
		}
	}
	place := make(map[int]int)
	for i, y := range order {
		place[y] = i
	}
	body := encodePaletted(t, paletted(func(y int) int { return place[y] }))
	body[bytes.Index(body, []byte{0x2c, 0, 0, 0, 0, 48, 0, 32, 0})+9] |= 0x40
	return body
}

// tooMuchGIF says that its picture is a row lower than its data.
func tooMuchGIF(t *testing.T) []byte {
	t.Helper()
	img := image.NewPaletted(image.Rect(0, 0, 48, 40), paletted(func(y int) int { return y }).Palette)
	copy(img.Pix, paletted(func(y int) int { return y }).Pix)
	body := onScreen(encodePaletted(t, img), 48, 32)
	binary.LittleEndian.PutUint16(body[bytes.Index(body, []byte{0x2c, 0, 0, 0, 0, 48, 0, 40, 0})+7:], 32)
	return body
}

// Of what is cut off there is what came before, and a warning.
func TestCutFiles(t *testing.T) {
	noisy := func(at func(x, y int) color.Color) *image.NRGBA { // hardly compressible: half of the bytes is half of the picture
		img := image.NewNRGBA(image.Rect(0, 0, 48, 32))
		for i := range 48 * 32 {
			img.Set(i%48, i/48, at(i%48, i/48))
		}
		return img
	}
	speckled := noisy(func(x, y int) color.Color {
		c := upright().NRGBAAt(x, y)
		c.R += byte(crc32.ChecksumIEEE([]byte{byte(x), byte(y)}) & 3)
		return c
	})
	png, bmp := encodePNG(t, speckled), encodeBMP(t, upright())
	gifBody := encodePaletted(t, paletted(func(y int) int { return y }))
	damaged := bytes.Clone(encodePNG(t, upright()))
	damaged[len(damaged)-13]++ // the checksum of the pixels
	for name, c := range map[string]struct {
		body  []byte
		there []int // quarters that can be seen
		says  string
	}{
		"a PNG":                          {png[:len(png)*9/10], []int{0, 1}, "% of the picture is missing"},
		"a GIF":                          {gifBody[:len(gifBody)-40], []int{0, 1}, "% of the picture is missing"},
		"a BMP, whose last row is first": {bmp[:len(bmp)*2/3], []int{2, 3}, "parts of the picture are missing"},
		"a lossy WebP":                   {file(t, "lossy.webp")[:120], nil, "parts of the picture are missing"},
		"a PNG whose pixels have another checksum": {damaged, []int{0, 1, 2, 3}, "may be wrong"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := picture.Decode(t.Context(), c.body, enough)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(p.Warning, c.says) {
				t.Errorf("its warning is %q, want one that says %q", p.Warning, c.says)
			}
			for _, i := range c.there {
				var r, g, b [1]float32
				p.RGB(r[:], g[:], b[:], 1, picture.Scale(4, 4, float64(i%2*24+10), float64(i/2*16+6)))
				if want := quarters[i]; max(r[0]-float32(want.R), float32(want.R)-r[0], g[0]-float32(want.G), float32(want.G)-g[0]) > 8 {
					t.Errorf("quarter %d is (%v, %v, %v), want %v", i, r[0], g[0], b[0], want)
				}
			}
		})
	}
}

// An image/gif of a frame over the edge cannot be encoded: its place is changed after.
func TestGIFFrameOverTheEdge(t *testing.T) {
	body := encodePaletted(t, paletted(func(y int) int { return y }))
	binary.LittleEndian.PutUint16(body[bytes.Index(body, []byte{0x2c, 0, 0, 0, 0, 48, 0, 32, 0})+1:], 5)
	p, err := picture.Decode(t.Context(), body, enough)
	if err != nil || p.Width != 53 || p.Height != 32 || p.Warning != "" {
		t.Errorf("it is %+v, error %v, want 53×32 without a warning", p, err)
	}
}
