package photo_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/photo"
)

// told is what no stripped picture tells.
const told = "51.5N 0.1W, Anna"

// turnedEXIF says that the picture is turned by a quarter, and what is told.
func turnedEXIF(order binary.AppendByteOrder, mark string) []byte {
	tiff := order.AppendUint32([]byte(mark), 8)
	tiff = order.AppendUint16(tiff, 2)
	for _, entry := range [][3]uint16{{0x10f, 2, uint16(len(told))}, {0x112, 3, 1}} {
		tiff = order.AppendUint16(order.AppendUint16(tiff, entry[0]), entry[1])
		tiff = order.AppendUint32(tiff, uint32(entry[2]))
		if entry[0] == 0x10f {
			tiff = order.AppendUint32(tiff, 38)
		} else {
			tiff = order.AppendUint16(order.AppendUint16(tiff, 6), 0)
		}
	}
	return append(order.AppendUint32(tiff, 0), told...)
}

// turn is what all that says how a picture is turned holds, stripped.
const turn = "MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"

func segment(marker byte, content string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(content)+2)), content...)
}

func pngChunk(kind, content string) []byte {
	chunk := append(binary.BigEndian.AppendUint32(nil, uint32(len(content))), kind+content...)
	return binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
}

func webPChunk(kind, content string) []byte {
	chunk := append(binary.LittleEndian.AppendUint32([]byte(kind), uint32(len(content))), content...)
	return append(chunk, make([]byte, len(content)%2)...)
}

func webP(chunks ...[]byte) []byte {
	body := slices.Concat(append([][]byte{[]byte("WEBP")}, chunks...)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// gradient is a picture, and what it looks like as JPEG and PNG.
func gradient(t testing.TB) (asJPEG, asPNG []byte) {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 40, 24))
	for x := range 40 {
		for y := range 24 {
			m.Set(x, y, color.RGBA{uint8(6 * x), uint8(10 * y), uint8(x * y), 255})
		}
	}
	var a, b bytes.Buffer
	testkit.Succeed(t, jpeg.Encode(&a, m, nil))
	testkit.Succeed(t, png.Encode(&b, m))
	return a.Bytes(), b.Bytes()
}

// telling are pictures with metadata in every place that they may have it, and how they are
// without.
func telling(t testing.TB) map[string][2][]byte {
	t.Helper()
	plainJPEG, plainPNG := gradient(t)
	exif := string(turnedEXIF(binary.LittleEndian, "II*\x00"))
	jfif := "JFIF\x00\x01\x01\x00\x00\x01\x00\x01"
	profile := segment(0xe2, "ICC_PROFILE\x00\x01\x01 colours")
	header := plainPNG[:8+25]
	return map[string][2][]byte{
		"JPEG": {slices.Concat(plainJPEG[:2], segment(0xe0, jfif+"\x02\x03"+told+"  "), segment(0xe1, "Exif\x00\x00"+exif), segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00"+told),
			profile, segment(0xe2, "MPF\x00"+told), segment(0xed, "Photoshop 3.0\x00"+told), segment(0xfe, told), plainJPEG[2:], plainJPEG, []byte(told)),
			slices.Concat(plainJPEG[:2], segment(0xe0, jfif+"\x00\x00"), segment(0xe1, "Exif\x00\x00"+turn), profile, plainJPEG[2:])},
		"PNG": {slices.Concat(header, pngChunk("eXIf", string(turnedEXIF(binary.BigEndian, "MM\x00*"))), pngChunk("gAMA", "\x00\x00\xb1\x8f"), pngChunk("tEXt", "Comment\x00"+told),
			pngChunk("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00"+told), pngChunk("tIME", "1234567"), pngChunk("prVt", told), plainPNG[8+25:], []byte(told)),
			slices.Concat(header, pngChunk("eXIf", turn), pngChunk("gAMA", "\x00\x00\xb1\x8f"), plainPNG[8+25:])},
		"WebP": {webP(webPChunk("VP8X", "\x2c\x00\x00\x00\x0f\x00\x00\x0f\x00\x00"), webPChunk("ICCP", "colours"), webPChunk("VP8L", "pixels!"), webPChunk("EXIF", exif), webPChunk("XMP ", told), webPChunk("WHAT", told)),
			webP(webPChunk("VP8X", "\x28\x00\x00\x00\x0f\x00\x00\x0f\x00\x00"), webPChunk("ICCP", "colours"), webPChunk("VP8L", "pixels!"), webPChunk("EXIF", turn))},
	}
}

func TestWhatAPictureTellsBesideItsPixelsIsLeftOut(t *testing.T) {
	t.Parallel()
	for name, file := range telling(t) {
		got := photo.Strip(slices.Clone(file[0]))
		if !bytes.Equal(got, file[1]) {
			t.Errorf("%s: %q, want %q", name, got, file[1])
		}
		if again := photo.Strip(slices.Clone(got)); !bytes.Equal(again, got) {
			t.Errorf("%s, stripped again: %q", name, again)
		}
	}
}

func TestPixelsStay(t *testing.T) {
	t.Parallel()
	for name, file := range telling(t) {
		if name == "WebP" {
			continue
		}
		before, _, err := image.Decode(bytes.NewReader(file[0]))
		testkit.Succeed(t, err)
		after, _, err := image.Decode(bytes.NewReader(photo.Strip(slices.Clone(file[0]))))
		testkit.Succeed(t, err)
		for x := range 40 {
			for y := range 24 {
				if before.At(x, y) != after.At(x, y) {
					t.Fatalf("%s: another pixel at %d, %d", name, x, y)
				}
			}
		}
	}
}

func TestOtherFormatsAreGivenAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"", "GIF89a" + told, "II*\x00" + told, "no picture"} {
		if got := photo.Strip([]byte(file)); string(got) != file {
			t.Errorf("%q became %q", file, got)
		}
	}
}

// Whatever the file, it becomes no longer, and nothing more is to be left out of it then.
func FuzzStrip(f *testing.F) {
	for _, file := range telling(f) {
		for n := range len(file[0]) {
			if n%7 == 0 {
				f.Add(file[0][:n])
			}
		}
		f.Add(file[0])
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		size := len(file)
		got := photo.Strip(slices.Clone(file))
		if len(got) > size {
			t.Errorf("%d bytes became %d", size, len(got))
		}
		if again := photo.Strip(slices.Clone(got)); !bytes.Equal(again, got) {
			t.Errorf("stripped again it is another:\n%q\n%q", got, again)
		}
	})
}
