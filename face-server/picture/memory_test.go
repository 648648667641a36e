package picture_test

import (
	"bytes"
	"errors"
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
	png, gif := encodePNG(t, upright()), encodeGIF(t)
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
		"BMP":                   encodeBMP(t, upright()),
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
