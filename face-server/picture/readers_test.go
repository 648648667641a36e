package picture

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"
)

// entry is one of a directory, of a value that lies in it (TIFF 6.0, section 2).
func entry(tag, kind uint16, count uint32, value ...byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, tag)
	b = binary.LittleEndian.AppendUint16(b, kind)
	b = binary.LittleEndian.AppendUint32(b, count)
	return append(append(b, value...), make([]byte, 4-len(value))...)
}

func directory(entries ...[]byte) []byte {
	b := binary.LittleEndian.AppendUint16([]byte("II*\x00\x08\x00\x00\x00"), uint16(len(entries)))
	for _, e := range entries {
		b = append(b, e...)
	}
	return append(b, 0, 0, 0, 0)
}

// What Chromium 156 makes of each: 1 where it shows the picture as it is stored.
func TestOrientationInOddForms(t *testing.T) {
	six := entry(0x112, 3, 1, 6)
	tooMany := directory(six)
	tooMany[8] = 9
	second := directory(entry(0x100, 3, 1, 1))
	binary.LittleEndian.PutUint32(second[len(second)-4:], uint32(len(second)))
	for name, c := range map[string]struct {
		tiff []byte
		want int
	}{
		"as it should be":                  {directory(six), 6},
		"two SHORTs":                       {directory(entry(0x112, 3, 2, 6, 0, 6, 0)), 1},
		"a BYTE":                           {directory(entry(0x112, 1, 1, 6)), 1},
		"a LONG":                           {directory(entry(0x112, 4, 1, 6)), 1},
		"an entry of an unknown type":      {directory(entry(0x100, 99, 1, 1), six), 6},
		"entries out of order":             {directory(entry(0x9000, 3, 1, 1), six), 6},
		"two, the first senseless":         {directory(entry(0x112, 3, 1, 9), six), 6},
		"two, the first of another type":   {directory(entry(0x112, 1, 1, 1), six), 6},
		"two, the first upright":           {directory(entry(0x112, 3, 1, 1), six), 1},
		"0":                                {directory(entry(0x112, 3, 1, 0)), 1},
		"without the next one's offset":    {directory(six)[:22], 6},
		"fewer entries than it says":       {tooMany, 6},
		"in the second directory":          {append(second, directory(six)[8:]...), 1},
		"another number where 42 is usual": {append([]byte("II+\x00"), directory(six)[4:]...), 1},
		"cut within its entry":             {directory(six)[:20], 1},
		"nothing":                          {nil, 1},
	} {
		if got := orientationOf(c.tiff); got != c.want {
			t.Errorf("%s: orientation %d, want %d", name, got, c.want)
		}
	}
}

// Where it is looked for, as Chromium 156 does.
func TestWhereOrientationIsLookedFor(t *testing.T) {
	segment := func(marker byte, content string) string {
		return string(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(2+len(content)))) + content
	}
	six := string(directory(entry(0x112, 3, 1, 6)))
	other := segment(0xe1, "Exif\x00\x00"+string(directory(entry(0x100, 3, 1, 1))))
	exif, scan := segment(0xe1, "Exif\x00\x00"+six), segment(0xda, "")
	for name, c := range map[string]struct {
		jpeg string
		want int
	}{
		"in the first segment":             {exif, 6},
		"behind fill bytes":                {"\xff\xff\xff" + exif, 6},
		"behind XMP":                       {segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00<x/>") + exif, 6},
		"behind tables":                    {segment(0xdb, "table") + exif, 6},
		"with another byte after its name": {segment(0xe1, "Exif\x00\xff"+six), 6},
		"behind EXIF that has none":        {other + exif, 1},
		"in XMP alone":                     {segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00<x tiff:Orientation=\"6\"/>"), 1},
		"behind the pixels":                {scan + exif, 1},
		"in a segment that is cut":         {exif[:20], 1},
	} {
		if got := orientationOf(jpegEXIF([]byte("\xff\xd8" + c.jpeg))); got != c.want {
			t.Errorf("JPEG, %s: orientation %d, want %d", name, got, c.want)
		}
	}
	chunk := func(kind, content string) string { return string(appendChunk(nil, kind, []byte(content))) }
	wrong := []byte(chunk("eXIf", six))
	wrong[len(wrong)-1]++
	for name, c := range map[string]struct {
		png  string
		want int
	}{
		"before the pixels":                   {chunk("tEXt", "a") + chunk("eXIf", six) + chunk("IDAT", ""), 6},
		"after the pixels":                    {chunk("IDAT", "") + chunk("eXIf", six), 1},
		"with the wrong checksum":             {string(wrong) + chunk("IDAT", ""), 1},
		"as a JPEG has it":                    {chunk("eXIf", "Exif\x00\x00"+six) + chunk("IDAT", ""), 1},
		"as ImageMagick once wrote it":        {chunk("tEXt", "Raw profile type exif\x00"+six) + chunk("IDAT", ""), 1},
		"in a chunk that the file cuts off":   {chunk("eXIf", six)[:30], 1},
		"in no chunk: the file ends in fours": {"\x00\x00", 1},
	} {
		if got := orientationOf(pngEXIF([]byte(pngSignature + c.png))); got != c.want {
			t.Errorf("PNG, %s: orientation %d, want %d", name, got, c.want)
		}
	}
}

func FuzzOrientation(f *testing.F) {
	tiff := directory(entry(0x112, 3, 1, 6))
	f.Add(tiff)
	f.Add(append([]byte("\xff\xd8\xff\xe1\x00\x22Exif\x00\x00"), tiff...))
	f.Add(appendChunk([]byte(pngSignature), "eXIf", tiff))
	for _, name := range []string{"orientation5.avif", "rotated.heic"} {
		body, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, found := range []int{
			orientationOf(body), orientationOf(jpegEXIF(body)), orientationOf(pngEXIF(body)), heifOrientation(body),
		} {
			if found < 1 || found > 8 {
				t.Errorf("orientation %d", found)
			}
		}
	})
}

func TestWhereTheItemsOfAFileEnd(t *testing.T) {
	many := append([]byte("\x02\x00\x00\x00\x00\x00\xff\xff\xff\xff"), bytes.Repeat([]byte{0, 0, 0, 1, 0, 0, 0, 0, 0xff, 0xff}, 1<<20)...)
	for name, c := range map[string]struct {
		iloc string
		want int64
	}{
		"two extents":           {"\x00\x00\x00\x00\x44\x00\x00\x01\x00\x01\x00\x00\x00\x02\x00\x00\x01\x00\x00\x00\x00\x10\x00\x00\x00\x80\x00\x00\x00\x20", 0x110},
		"from a base":           {"\x00\x00\x00\x00\x44\x40\x00\x01\x00\x01\x00\x00\x00\x00\x10\x00\x00\x01\x00\x00\x01\x00\x00\x00\x00\x10", 0x1110},
		"in a box of its own":   {"\x01\x00\x00\x00\x44\x00\x00\x01\x00\x01\x00\x01\x00\x00\x00\x01\x00\x00\x01\x00\x00\x00\x00\x10", 0},
		"with indices":          {"\x01\x00\x00\x00\x44\x04\x00\x01\x00\x01\x00\x00\x00\x00\x00\x01\x00\x00\x00\x05\x00\x00\x01\x00\x00\x00\x00\x10", 0x110},
		"cut":                   {"\x00\x00\x00\x00\x44\x00\x00\x01\x00\x01", 0},
		"nothing":               {"", 0},
		"of more than it holds": {string(many), 0},
	} {
		if got := itemsEnd([]byte(c.iloc)); got != c.want {
			t.Errorf("%s: they end at %#x, want %#x", name, got, c.want)
		}
	}
}

func FuzzFrames(f *testing.F) {
	for _, name := range []string{"animated.webp", "lossy.webp"} {
		body, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01\x00\x00"))
	f.Add(appendChunk([]byte(pngSignature), "acTL", make([]byte, 8)))
	f.Fuzz(func(t *testing.T, body []byte) {
		const most = 10
		if gifFrames(body, most) < 0 || webpFrames(body, most) < 0 || pngFrames(body, most) < 0 {
			t.Error("fewer frames than none")
		}
		shortHEIF(body)
		shortTIFF(body)
		if first := firstFrame(body); len(first) > len(body)+18 {
			t.Errorf("the first frame is %d bytes of a file of %d", len(first), len(body))
		}
	})
}
