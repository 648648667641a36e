package picture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
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
