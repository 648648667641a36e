package picture_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"

	"lineup.dev/lineup/face-server/picture"
)

func encodeBMP(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := bmp.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodeTIFF(t testing.TB, img image.Image, compression tiff.CompressionType) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tiff.Encode(&b, img, &tiff.Options{Compression: compression}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withOrientation is a TIFF with one entry more in its only directory, which is the last
// thing in the file as package tiff writes it.
func withOrientation(t testing.TB, body []byte, orientation int) []byte {
	t.Helper()
	const entrySize = 12
	order := binary.LittleEndian
	directory := int(order.Uint32(body[4:]))
	count := int(order.Uint16(body[directory:]))
	entries := body[directory+2:][:count*entrySize]
	at := 0
	for at < len(entries) && order.Uint16(entries[at:]) < 0x112 {
		at += entrySize
	}
	entry := append([]byte{0x12, 0x01, 3, 0, 1, 0, 0, 0}, byte(orientation), 0, 0, 0)
	result := append(bytes.Clone(body), order.AppendUint16(nil, uint16(count+1))...)
	result = append(append(append(result, entries[:at]...), entry...), entries[at:]...)
	order.PutUint32(result[4:], uint32(len(body)))
	return append(result, 0, 0, 0, 0)
}

func TestTIFFAndBMP(t *testing.T) {
	for name, body := range map[string][]byte{
		"a TIFF":            encodeTIFF(t, upright(), tiff.Uncompressed),
		"a TIFF by Deflate": encodeTIFF(t, upright(), tiff.Deflate),
		"a BMP":             encodeBMP(t, upright()),
	} {
		t.Run(name, func(t *testing.T) { mustShow(t, body, quarters) })
	}
	for orientation := range sides {
		mustShow(t, withOrientation(t, encodeTIFF(t, stored(orientation), tiff.Deflate), orientation), quarters)
	}
}

// bitmapOf is a BMP with a header as told, masks or palette, and rows, which it has from
// the bottom up.
func bitmapOf(bits, compression int, between, rows []byte) []byte {
	const headers = 14 + 40
	le := binary.LittleEndian
	b := le.AppendUint32([]byte("BM"), uint32(headers+len(between)+len(rows)))
	b = le.AppendUint32(le.AppendUint32(b, 0), uint32(headers+len(between)))
	for _, v := range []uint32{40, 48, 32, 1 | uint32(bits)<<16, uint32(compression), uint32(len(rows)), 0, 0, 0, 0} {
		b = le.AppendUint32(b, v)
	}
	return append(append(b, between...), rows...)
}

// fromBelow calls row for each of the picture's rows, the last first, with the colours of
// its two halves, 0 to 3.
func fromBelow(row func(left, right byte) []byte) (rows []byte) {
	for y := 31; y >= 0; y-- {
		left := byte(y / 16 * 2)
		rows = append(rows, row(left, left+1)...)
	}
	return rows
}

func TestKindsOfBMP(t *testing.T) {
	pixel := func(red, green, blue uint) func(left, right byte) []byte { // so many bits of each
		value := func(i byte) []byte {
			c := quarters[i]
			part := func(v byte, bits uint) uint32 { return (uint32(v)*(1<<bits-1) + 127) / 255 }
			r, g, b := part(c.R, red), part(c.G, green), part(c.B, blue)
			return binary.LittleEndian.AppendUint16(nil, uint16(r<<(green+blue)|g<<blue|b))
		}
		return func(left, right byte) []byte {
			return append(bytes.Repeat(value(left), 24), bytes.Repeat(value(right), 24)...)
		}
	}
	palette := make([]byte, 4*256)
	for i, c := range quarters {
		copy(palette[4*i:], []byte{c.B, c.G, c.R})
	}
	rle8 := fromBelow(func(left, right byte) []byte {
		literal := append(append([]byte{0, 24}, bytes.Repeat([]byte{left}, 24)...), 24, right)
		return append(literal, 0, 0)
	})
	rle4 := fromBelow(func(left, right byte) []byte { return []byte{24, left * 0x11, 24, right * 0x11, 0, 0} })
	for name, body := range map[string][]byte{
		"16 bits, 555": bitmapOf(16, 0, nil, fromBelow(pixel(5, 5, 5))),
		"16 bits, 565": bitmapOf(16, 3, []byte{0, 0xf8, 0, 0, 0xe0, 7, 0, 0, 0x1f, 0, 0, 0}, fromBelow(pixel(5, 6, 5))),
		"RLE8":         bitmapOf(8, 1, palette, append(rle8, 0, 1)),
		"RLE4":         bitmapOf(4, 2, palette[:4*16], append(rle4, 0, 1)),
		"a gap before the pixels": bitmapOf(8, 0, append(palette, 1, 2, 3, 4), fromBelow(func(left, right byte) []byte {
			return append(bytes.Repeat([]byte{left}, 24), bytes.Repeat([]byte{right}, 24)...)
		})),
	} {
		t.Run(name, func(t *testing.T) {
			mustShow(t, body, quarters)
			mustWarn(t, body, "")
		})
	}
	mustWarn(t, bitmapOf(8, 1, palette, append(rle8, 0, 1))[:1500], "parts of the picture are missing")
}

func TestKindsThatAreNotRead(t *testing.T) {
	for name, body := range map[string][]byte{"BMP": bitmapOf(1, 3, nil, nil), "TIFF": compressedBy(t, 7)} {
		_, err := picture.Decode(t.Context(), body, enough)
		if !errors.Is(err, picture.ErrNoPicture) || !strings.Contains(err.Error(), "a "+name+" of a kind that is not read") {
			t.Errorf("error is %v, want ErrNoPicture that names the %s", err, name)
		}
	}
}

// compressedBy is a TIFF that says how its pixels are compressed.
func compressedBy(t *testing.T, method uint16) []byte {
	t.Helper()
	body := encodeTIFF(t, upright(), tiff.Uncompressed)
	at := bytes.LastIndex(body, []byte{0x03, 0x01, 3, 0, 1, 0, 0, 0, 1, 0})
	binary.LittleEndian.PutUint16(body[at+8:], method)
	return body
}

// tiffOf is a TIFF of 48×32 in colour, whose directory comes first, as scanners write it,
// in strips of 16 rows.
func tiffOf(compression int, strips ...[]byte) []byte {
	le := binary.LittleEndian
	numbers := []uint16{256, 48, 257, 32, 258, 0, 259, uint16(compression), 262, 2, 273, 0, 277, 3, 278, 16, 279, 0}
	const header, entrySize = 8, 12
	after := uint32(header + 2 + len(numbers)/2*entrySize + 4)
	b := le.AppendUint16([]byte("II*\x00\x08\x00\x00\x00"), uint16(len(numbers)/2))
	for i := 0; i < len(numbers); i += 2 {
		b = le.AppendUint16(b, numbers[i])
		switch numbers[i] {
		case 258:
			b = le.AppendUint32(le.AppendUint32(le.AppendUint16(b, 3), 3), after)
		case 273:
			b = le.AppendUint32(le.AppendUint32(le.AppendUint16(b, 4), uint32(len(strips))), after+8)
		case 279:
			b = le.AppendUint32(le.AppendUint32(le.AppendUint16(b, 4), uint32(len(strips))), after+8+4*uint32(len(strips)))
		default:
			b = le.AppendUint32(le.AppendUint32(le.AppendUint16(b, 3), 1), uint32(numbers[i+1]))
		}
	}
	b = append(b, 0, 0, 0, 0, 8, 0, 8, 0, 8, 0, 0, 0)
	at := after + 8 + 8*uint32(len(strips))
	for _, s := range strips {
		b, at = le.AppendUint32(b, at), at+uint32(len(s))
	}
	for _, s := range strips {
		b = le.AppendUint32(b, uint32(len(s)))
	}
	return append(b, bytes.Join(strips, nil)...)
}

// halves are the upper 16 rows of the picture and the lower, in red, green and blue.
func halves() (upper, lower []byte) {
	for y := range 32 {
		for x := range 48 {
			c := upright().NRGBAAt(x, y)
			if y < 16 {
				upper = append(upper, c.R, c.G, c.B)
			} else {
				lower = append(lower, c.R, c.G, c.B)
			}
		}
	}
	return upper, lower
}

func TestTIFFThatIsCutOff(t *testing.T) {
	upper, lower := halves()
	white := color.NRGBA{255, 255, 255, 255}
	seen := []color.NRGBA{quarters[0], quarters[1], white, white}
	deflated := tiffOf(8, deflate(t, upper), deflate(t, lower))
	mustShow(t, deflated, quarters)
	mustWarn(t, deflated, "")
	mustShow(t, deflated[:len(deflated)-4], seen)
	mustWarn(t, deflated[:len(deflated)-4], "50 % of the picture is missing")
	plain := tiffOf(1, upper, lower)
	mustShow(t, plain, quarters)
	mustShow(t, plain[:len(plain)-48*3*2], quarters) // all but two rows
	mustWarn(t, plain[:len(plain)-48*3*2], "parts of the picture are missing")
	if _, err := picture.Decode(t.Context(), deflated[:150], enough); !errors.Is(err, picture.ErrNoPicture) {
		t.Errorf("of one without a whole strip: error is %v, want ErrNoPicture", err)
	}
}

func deflate(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTIFFAndBMPBombs(t *testing.T) {
	huge := encodeTIFF(t, upright(), tiff.Deflate)
	order := binary.LittleEndian
	for at := int(order.Uint32(huge[4:])) + 2; at+12 <= len(huge); at += 12 {
		if tag := order.Uint16(huge[at:]); tag == 256 || tag == 257 {
			order.PutUint16(huge[at+2:], 4) // LONG
			order.PutUint32(huge[at+8:], 50_000)
		}
	}
	wide := encodeBMP(t, upright())
	order.PutUint32(wide[18:], 50_000)
	order.PutUint32(wide[22:], 50_000)
	for name, body := range map[string][]byte{"TIFF": huge, "BMP": wide} {
		result := testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := picture.Decode(b.Context(), body, enough); !errors.Is(err, picture.ErrTooLarge) {
					b.Fatalf("error is %v, want ErrTooLarge", err)
				}
			}
		})
		if result.AllocedBytesPerOp() > 100_000 {
			t.Errorf("refusing a %s of 50,000×50,000 takes %d bytes", name, result.AllocedBytesPerOp())
		}
	}
}
