package picture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/local/testkit"
)

// What is held whole while it is decoded, by a name that begins with its format's.
func heldWhole(t *testing.T) map[string][]byte {
	t.Helper()
	png, gif, bmp := encodePNG(t, upright()), encodeGIF(t), encodeBMP(t, upright())
	strip := make([]byte, 48*16*3)
	deflated, plain := tiffOf(8, deflate(t, strip), deflate(t, strip)), tiffOf(1, strip, strip)
	narrow := bytes.Clone(gif)
	copy(narrow[6:], []byte{1, 0, 1, 0}) // a screen of one pixel
	return map[string][]byte{
		"JPEG, progressive":     file(t, "progressive.jpg"),
		"PNG":                   png,
		"PNG without an end":    png[:len(png)-12],
		"WebP, lossy":           file(t, "lossy.webp"),
		"WebP, lossless":        file(t, "lossless.webp"),
		"WebP, see-through":     file(t, "alpha.webp"),
		"GIF":                   gif,
		"GIF beyond its screen": narrow,
		"HEIC":                  file(t, "quarters.heic"),
		"AVIF":                  file(t, "quarters.avif"),
		"TIFF":                  encodeTIFF(t, upright(), tiff.Deflate),
		"BMP":                   bmp,

		"PNG, cut off":                 png[:len(png)-20],
		"WebP, cut off":                file(t, "lossy.webp")[:120],
		"TIFF, cut off":                deflated[:len(deflated)-4],
		"TIFF, cut off and not packed": plain[:len(plain)-100],
		"BMP, cut off":                 bmp[:len(bmp)*2/3],
	}
}

var neededBytes = regexp.MustCompile(`to decode it takes (\d+) bytes, (\d+) are allowed \(MAX_DECODE_MEMORY\)`)

// Whoever sent a picture for which the memory is not enough reads what it is, how much it
// takes and which setting allows it, and with that much it is decoded: one that is to be
// mended takes more than its header tells, and says so in turn.
func TestARefusalForMemoryNamesFormatNeedAndSetting(t *testing.T) {
	for name, body := range heldWhole(t) {
		t.Run(name, func(t *testing.T) {
			format, _, _ := strings.Cut(strings.Fields(name)[0], ",")
			limits := enough
			limits.Memory = 1
			_, err := picture.Decode(t.Context(), body, limits)
			for refused := 0; err != nil; refused++ {
				needed := neededBytes.FindStringSubmatch(err.Error())
				if refused == 2 || !errors.Is(err, picture.ErrTooLarge) || !strings.HasPrefix(err.Error(), format+" too large: ") || needed == nil {
					t.Fatalf("with %d bytes: error is %v; want ErrTooLarge that names %s, its need and MAX_DECODE_MEMORY", limits.Memory, err, format)
				}
				limits.Memory = testkit.Must(strconv.ParseInt(needed[1], 10, 64))(t)
				_, err = picture.Decode(t.Context(), body, limits)
			}
			if limits.Memory < 48*32 {
				t.Errorf("it takes %d bytes, fewer than it has pixels", limits.Memory)
			}
		})
	}
}

// A picture that is mended is held to the same limit as a whole one, and what mending takes
// is counted besides.
func TestMendedPicturesAreHeldToTheSameLimit(t *testing.T) {
	needed := func(body []byte, allowed int64) int64 {
		t.Helper()
		limits := enough
		limits.Memory = allowed
		_, err := picture.Decode(t.Context(), body, limits)
		if !errors.Is(err, picture.ErrTooLarge) {
			t.Fatalf("with %d bytes: error is %v, want ErrTooLarge", allowed, err)
		}
		return testkit.Must(strconv.ParseInt(neededBytes.FindStringSubmatch(err.Error())[1], 10, 64))(t)
	}
	all := heldWhole(t)
	all["TIFF"] = tiffOf(8, deflate(t, make([]byte, 48*16*3)), deflate(t, make([]byte, 48*16*3)))
	for _, format := range []string{"PNG", "WebP", "TIFF", "BMP"} {
		whole, cut := all[format], all[format+", cut off"]
		if format == "WebP" {
			whole = all["WebP, lossy"]
		}
		need := needed(whole, 1)
		if got := needed(cut, need-1); got < need {
			t.Errorf("a %s that is cut off takes %d bytes, one that is whole %d", format, got, need)
		}
		if got := needed(cut, need); got < need+int64(len(cut)) {
			t.Errorf("to mend a %s takes %d bytes, with its copy of %d bytes and %d for a whole one", format, got, len(cut), need)
		}
	}
}

// Advice is such as helps the picture that is refused.
func TestARefusalForMemorySaysWhatHelps(t *testing.T) {
	deep := image.NewNRGBA64(image.Rect(0, 0, 48, 32))
	png16 := encodePNG(t, deep)
	for name, c := range map[string]struct {
		body []byte
		says string
	}{
		"a progressive JPEG":             {file(t, "progressive.jpg"), "save it as a baseline JPEG (not progressive)"},
		"a PNG of 16 bits":               {png16, "save it with 8 bits a colour"},
		"a PNG of 16 bits, without end":  {png16[:len(png16)-12], "save it with 8 bits a colour"},
		"a TIFF of 16 bits":              {encodeTIFF(t, deep, tiff.Deflate), "save it with 8 bits a colour"},
		"an AVIF of 10 bits":             {file(t, "deep.avif"), "save it with 8 bits a colour"},
		"a PNG of 8 bits":                {encodePNG(t, upright()), "make it smaller"},
		"a GIF":                          {encodeGIF(t), "make it smaller"},
		"a HEIC":                         {file(t, "quarters.heic"), "make it smaller"},
		"an AVIF of 8 bits":              {file(t, "quarters.avif"), "make it smaller"},
		"an ordinary JPEG, in no memory": {encodeJPEG(t, upright()), "make it smaller"},
	} {
		limits := enough
		limits.Memory = 1
		_, err := picture.Decode(t.Context(), c.body, limits)
		if !errors.Is(err, picture.ErrTooLarge) || !strings.HasSuffix(err.Error(), "(MAX_DECODE_MEMORY); "+c.says) {
			t.Errorf("%s: error is %v, want ErrTooLarge that ends in %q", name, err, c.says)
		}
	}
}

// Pictures whose sides' product no number holds are too large, and of no unknown kind.
func TestTheLargestSizes(t *testing.T) {
	png := encodePNG(t, upright())
	copy(png[16:], []byte{0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff})
	wrong := bytes.Clone(png)
	binary.BigEndian.PutUint32(png[29:], crc32.ChecksumIEEE(png[12:29]))
	for name, body := range map[string][]byte{"a PNG": png, "a PNG with a wrong checksum": wrong} {
		if _, err := picture.Decode(t.Context(), body, enough); !errors.Is(err, picture.ErrTooLarge) || !strings.Contains(err.Error(), "MAX_PIXELS") {
			t.Errorf("%s: error is %v, want ErrTooLarge that names MAX_PIXELS", name, err)
		}
	}
	png[24] = 3 // bits of a colour
	binary.BigEndian.PutUint32(png[16:], 8)
	binary.BigEndian.PutUint32(png[20:], 8)
	binary.BigEndian.PutUint32(png[29:], crc32.ChecksumIEEE(png[12:29]))
	if _, err := picture.Decode(t.Context(), png, enough); !errors.Is(err, picture.ErrNoPicture) {
		t.Errorf("a PNG of 3 bits: error is %v, want ErrNoPicture", err)
	}
}

// A TIFF of one strip is unpacked at once, and counted.
func TestTheStripsOfATIFFAreCounted(t *testing.T) {
	body := encodeTIFF(t, image.NewGray(image.Rect(0, 0, 100, 80)), tiff.Deflate)
	const pixels, buffers = 100 * 80, 4
	for allowed, want := range map[int64]error{pixels * (1 + buffers): nil, pixels*(1+buffers) - 1: picture.ErrTooLarge} {
		limits := enough
		limits.Memory = allowed
		if _, err := picture.Decode(t.Context(), body, limits); !errors.Is(err, want) {
			t.Errorf("with %d bytes: error is %v, want %v", allowed, err, want)
		}
	}
}
