package picture_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/png"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/face-server/picture"
)

// cmykJPEG is 8×8 pixels of four components, all in the middle of their range: the
// tables of a grey JPEG, and a scan of one block for each component (ISO/IEC 10918-1).
func cmykJPEG(t testing.TB) []byte {
	t.Helper()
	grey := encodeJPEG(t, image.NewGray(image.Rect(0, 0, 8, 8)))
	frame, scan := bytes.Index(grey, []byte{0xff, 0xc0}), bytes.Index(grey, []byte{0xff, 0xda})
	tables := grey[frame+2+int(binary.BigEndian.Uint16(grey[frame+2:])) : scan]
	return bytes.Join([][]byte{
		grey[:frame],
		[]byte("\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"),
		{0xff, 0xc0, 0, 20, 8, 0, 8, 0, 8, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0},
		tables,
		{0xff, 0xda, 0, 14, 4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0},
		{0b001010_00, 0b1010_0010, 0b10_001010}, // four times: no difference, end of block
		{0xff, 0xd9},
	}, nil)
}

func TestCorpus(t *testing.T) {
	wide := image.NewNRGBA(image.Rect(0, 0, 20_000, 10))
	for name, c := range map[string]struct {
		body          []byte
		width, height int
	}{
		"a progressive JPEG":         {file(t, "progressive.jpg"), 48, 32},
		"a CMYK JPEG":                {cmykJPEG(t), 8, 8},
		"an animated WebP":           {file(t, "animated.webp"), 48, 32},
		"a GIF of 1,000 frames":      {gifOfFrames(t, 1000), 20, 20},
		"one pixel":                  {encodePNG(t, image.NewNRGBA(image.Rect(0, 0, 1, 1))), 1, 1},
		"20,000×10":                  {encodePNG(t, wide), 20_000, 10},
		"bytes after the end":        {append(encodePNG(t, upright()), "more"...), 48, 32},
		"a PNG of 16 bits and clear": {encodePNG(t, image.NewNRGBA64(image.Rect(0, 0, 5, 4))), 5, 4},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := picture.Decode(t.Context(), c.body, enough)
			if err != nil || p.Width != c.width || p.Height != c.height {
				t.Fatalf("it is %v, error %v; want %d×%d", p, err, c.width, c.height)
			}
		})
	}
	t.Run("the frame of an animated WebP is the first", func(t *testing.T) { mustShow(t, file(t, "animated.webp"), quarters) })
	t.Run("a progressive JPEG shows the same", func(t *testing.T) { mustShow(t, file(t, "progressive.jpg"), quarters) })
	t.Run("an arithmetic-coded JPEG, too", func(t *testing.T) { mustShow(t, file(t, "arithmetic.jpg"), quarters) })
}

// Whatever is done to a picture's bytes, it is decoded or refused, and nothing else.
func TestBrokenPictures(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for name, body := range whole(t) {
		t.Run(name, func(t *testing.T) {
			for length := range len(body) {
				mustDecodeOrRefuse(t, body[:length])
			}
			for range 200 {
				flipped := bytes.Clone(body)
				for range 1 + random.IntN(4) {
					flipped[random.IntN(len(flipped))] ^= 1 << random.IntN(8)
				}
				mustDecodeOrRefuse(t, flipped)
			}
		})
	}
}

// whole is a small picture of each kind.
func whole(t *testing.T) map[string][]byte {
	return map[string][]byte{
		"JPEG": encodeJPEG(t, upright()), "progressive JPEG": file(t, "progressive.jpg"), "CMYK JPEG": cmykJPEG(t),
		"JPEG with EXIF": withEXIF(encodeJPEG(t, upright()), exif(6)), "arithmetic-coded JPEG": file(t, "arithmetic.jpg"),
		"PNG": encodePNG(t, upright()), "GIF": encodeGIF(t),
		"lossy WebP": file(t, "lossy.webp"), "lossless WebP": file(t, "lossless.webp"), "clear WebP": file(t, "alpha.webp"),
		"animated WebP": file(t, "animated.webp"), "WebP with EXIF": webpWithEXIF(file(t, "lossy.webp"), exif(3)),
	}
}

func mustDecodeOrRefuse(t testing.TB, body []byte) {
	t.Helper()
	const few = 1 << 16
	p, err := picture.Decode(t.Context(), body, picture.Limits{Pixels: few, Memory: 1 << 20, Frames: 2, DecodeTimeout: time.Second})
	if err == nil {
		if p.Width < 1 || p.Height < 1 || p.Width*p.Height > few {
			t.Fatalf("a picture of %d×%d", p.Width, p.Height)
		}
		var dst [3 * 16]float32
		p.RGB(dst[:16], dst[16:32], dst[32:], 4, picture.Scale(float64(p.Width)/4, float64(p.Height)/4, 0, 0))
		return
	}
	if !errors.Is(err, picture.ErrNoPicture) && !errors.Is(err, picture.ErrTooLarge) {
		t.Fatalf("error is %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("who is it?"))
	for _, name := range []string{"lossy.webp", "lossless.webp", "alpha.webp", "animated.webp", "progressive.jpg", "arithmetic.jpg"} {
		f.Add(file(f, name))
	}
	f.Add(gifOfFrames(f, 2))
	var b bytes.Buffer
	if err := png.Encode(&b, upright()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, body []byte) { mustDecodeOrRefuse(t, body) })
}

// What decoding would take is known by the header, too.
func TestLimitOfMemory(t *testing.T) {
	deep := encodePNG(t, image.NewNRGBA64(image.Rect(0, 0, 100, 100)))
	allowed := picture.Limits{Pixels: 100 * 100, Memory: 100 * 100 * 11, Frames: 1}
	if _, err := picture.Decode(t.Context(), deep, allowed); err != nil {
		t.Errorf("a PNG of 16 bits with the memory that it takes: %v", err)
	}
	allowed.Memory--
	_, err := picture.Decode(t.Context(), deep, allowed)
	if !errors.Is(err, picture.ErrTooLarge) || !strings.Contains(err.Error(), "MAX_DECODE_MEMORY") {
		t.Errorf("with less: error is %v, want ErrTooLarge that names MAX_DECODE_MEMORY", err)
	}
}

// asked is a context that counts how often it is asked whether it ended, and has ended
// once that was often enough.
type asked struct {
	context.Context
	times, end int
}

func (a *asked) Err() error {
	if a.times++; a.times > a.end {
		return context.DeadlineExceeded
	}
	return nil
}

// Decoding ends with its context wherever it is: here in a PNG of few bytes and many
// pixels, after each tenth of them.
func TestStopsInTheMiddle(t *testing.T) {
	body := encodePNG(t, image.NewGray(image.Rect(0, 0, 4000, 4000)))
	full := &asked{Context: t.Context(), end: math.MaxInt}
	if _, err := picture.Decode(full, body, enough); err != nil {
		t.Fatal(err)
	}
	if full.times < 20 {
		t.Fatalf("the context was asked %d times while the picture was decoded, want 20 at least", full.times)
	}
	for tenth := range 10 {
		ctx := &asked{Context: t.Context(), end: full.times * tenth / 10}
		_, err := picture.Decode(ctx, body, enough)
		// The reader asks once, and Decode three times, for the error that it gives.
		if more := ctx.times - ctx.end; !errors.Is(err, context.DeadlineExceeded) || more > 4 {
			t.Errorf("ended after %d of %d: asked %d times more, want 4 at most; error %v", ctx.end, full.times, more, err)
		}
	}
}
