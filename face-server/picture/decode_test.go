package picture_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/pkg/photo"
)

var enough = picture.Limits{Pixels: 50_000_000, Memory: 450_000_000, Frames: 1000, DecodeTimeout: time.Minute}

// quarters is the picture that every test looks at: 48×32, a colour per quarter.
var quarters = []color.NRGBA{
	{220, 40, 30, 255}, {30, 160, 60, 255},
	{40, 60, 200, 255}, {240, 240, 240, 255},
}

// draw gives the picture, in quarters of the given size, as at places its pixels.
func draw(width, height int, at func(x, y int) (int, int)) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			right, down := at(x, y)
			img.SetNRGBA(x, y, quarters[right/24+down/16*2])
		}
	}
	return img
}

func upright() *image.NRGBA {
	return draw(48, 32, func(x, y int) (int, int) { return x, y })
}

func encodeJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodePNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// encodeGIF makes an animation: its second frame is black.
func encodeGIF(t *testing.T) []byte {
	t.Helper()
	palette := color.Palette{color.Black}
	for _, c := range quarters {
		palette = append(palette, c)
	}
	first := image.NewPaletted(image.Rect(0, 0, 48, 32), palette)
	for i := range first.Pix {
		first.Set(i%48, i/48, upright().At(i%48, i/48))
	}
	var b bytes.Buffer
	animation := &gif.GIF{Image: []*image.Paletted{first, image.NewPaletted(first.Rect, palette)}, Delay: []int{1, 1}}
	if err := gif.EncodeAll(&b, animation); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// mustShow fails unless the picture shows the four colours where they belong.
func mustShow(t *testing.T, body []byte, colours []color.NRGBA) {
	t.Helper()
	mustShowSized(t, body, 48, 32, colours)
}

func mustShowSized(t *testing.T, body []byte, width, height int, colours []color.NRGBA) {
	t.Helper()
	p, err := picture.Decode(t.Context(), body, enough)
	if err != nil {
		t.Fatal(err)
	}
	if p.Width != width || p.Height != height {
		t.Fatalf("picture is %d×%d, want %d×%d", p.Width, p.Height, width, height)
	}
	for i, want := range colours {
		// One pixel that covers 4×4 in the middle of the quarter.
		m := picture.Scale(4, 4, float64(i%2*width/2+width/4-2), float64(i/2*height/2+height/4-2))
		var r, g, b [1]float32
		p.RGB(r[:], g[:], b[:], 1, m)
		for channel, pair := range [][2]float64{{float64(r[0]), float64(want.R)}, {float64(g[0]), float64(want.G)}, {float64(b[0]), float64(want.B)}} {
			if math.Abs(pair[0]-pair[1]) > 5 {
				t.Errorf("quarter %d, channel %d is %.0f, want %.0f", i, channel, pair[0], pair[1])
			}
		}
		var grey [1]float32
		p.Grey(grey[:], 1, m)
		if want := .299*float64(want.R) + .587*float64(want.G) + .114*float64(want.B); math.Abs(float64(grey[0])-want) > 5 {
			t.Errorf("quarter %d is %.0f light, want %.0f", i, grey[0], want)
		}
	}
}

func TestFormats(t *testing.T) {
	white := color.NRGBA{255, 255, 255, 255}
	seeThrough := upright()
	for y := 16; y < 32; y++ {
		for x := 24; x < 48; x++ {
			seeThrough.SetNRGBA(x, y, color.NRGBA{})
		}
	}
	greys := image.NewGray(image.Rect(0, 0, 48, 32))
	deep := image.NewNRGBA64(greys.Rect)
	for i := range greys.Pix {
		greys.Set(i%48, i/48, upright().At(i%48, i/48))
		deep.Set(i%48, i/48, upright().At(i%48, i/48))
	}
	var greyQuarters []color.NRGBA
	for _, c := range quarters {
		y := color.GrayModel.Convert(c).(color.Gray).Y
		greyQuarters = append(greyQuarters, color.NRGBA{y, y, y, 255})
	}
	withoutFourth := append(append([]color.NRGBA{}, quarters[:3]...), white)

	for name, c := range map[string]struct {
		body []byte
		want []color.NRGBA
	}{
		"a JPEG":                               {encodeJPEG(t, upright()), quarters},
		"a grey JPEG":                          {encodeJPEG(t, greys), greyQuarters},
		"a PNG":                                {encodePNG(t, upright()), quarters},
		"a grey PNG":                           {encodePNG(t, greys), greyQuarters},
		"a PNG of 16 bits":                     {encodePNG(t, deep), quarters},
		"a PNG, white where it is clear":       {encodePNG(t, seeThrough), withoutFourth},
		"the first frame of a GIF":             {encodeGIF(t), quarters},
		"a lossy WebP":                         {file(t, "lossy.webp"), quarters},
		"a lossless WebP":                      {file(t, "lossless.webp"), quarters},
		"a lossy WebP, white when it is clear": {file(t, "alpha.webp"), withoutFourth},
	} {
		t.Run(name, func(t *testing.T) { mustShow(t, c.body, c.want) })
	}
}

// sides says, for each EXIF orientation, at which side of the upright picture the
// first row and the first column of what is stored lie (EXIF 2.32, table 6).
var sides = map[int][2]string{
	1: {"top", "left"}, 2: {"top", "right"}, 3: {"bottom", "right"}, 4: {"bottom", "left"},
	5: {"left", "top"}, 6: {"right", "top"}, 7: {"right", "bottom"}, 8: {"left", "bottom"},
}

// stored is the picture as a camera stores it that was held so.
func stored(orientation int) *image.NRGBA {
	width, height := 48, 32
	if orientation > 4 {
		width, height = 32, 48
	}
	return draw(width, height, func(column, row int) (x, y int) {
		for i, side := range sides[orientation] {
			n := []int{row, column}[i]
			switch side {
			case "top":
				y = n
			case "bottom":
				y = 31 - n
			case "left":
				x = n
			case "right":
				x = 47 - n
			}
		}
		return x, y
	})
}

func TestOrientation(t *testing.T) {
	for orientation, side := range sides {
		name := "row 0 at the " + side[0] + ", column 0 at the " + side[1]
		t.Run("JPEG with "+name, func(t *testing.T) {
			mustShow(t, withEXIF(encodeJPEG(t, stored(orientation)), exif(orientation)), quarters)
		})
		t.Run("PNG with "+name, func(t *testing.T) {
			body := encodePNG(t, stored(orientation))
			const header = 33 // signature and IHDR
			mustShow(t, bytes.Join([][]byte{body[:header], chunk("eXIf", exif(orientation)), body[header:]}, nil), quarters)
		})
	}
	for name, data := range map[string][]byte{
		"an orientation of 9": exif(9),
		"EXIF that is cut":    exif(6)[:13],
		"EXIF of nothing":     {},
	} {
		t.Run(name+" does no harm", func(t *testing.T) {
			mustShow(t, withEXIF(encodeJPEG(t, upright()), data), quarters)
		})
	}
}

// exif is a TIFF structure that holds the orientation and nothing else.
func exif(orientation int) []byte {
	b := []byte("MM\x00*\x00\x00\x00\x08\x00\x01")
	b = append(b, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, byte(orientation), 0, 0)
	return append(b, 0, 0, 0, 0)
}

func withEXIF(body, data []byte) []byte {
	data = append([]byte("Exif\x00\x00"), data...)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(data)+2))
	return bytes.Join([][]byte{body[:2], segment, data, body[2:]}, nil)
}

func webpWithEXIF(body, data []byte) []byte {
	const exifFlag = 1 << 3
	extended := []byte("VP8X\x0a\x00\x00\x00\x08\x00\x00\x00\x2f\x00\x00\x1f\x00\x00") // 48×32
	extended[8] = exifFlag
	data = append(binary.LittleEndian.AppendUint32([]byte("EXIF"), uint32(len(data))), data...)
	content := bytes.Join([][]byte{[]byte("WEBP"), extended, body[12:], data}, nil)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(content))), content...)
}

// chunk is a chunk of a PNG.
func chunk(kind string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// pngHeader begins a PNG that says it is width × height.
func pngHeader(width, height uint32) []byte {
	size := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, width), height)
	return append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(size, 8, 6, 0, 0, 0))...)
}

func TestRefusals(t *testing.T) {
	jpegBody := encodeJPEG(t, upright())
	lying := bytes.Clone(jpegBody)
	frame := bytes.Index(lying, []byte{0xff, 0xc0})
	copy(lying[frame+5:], []byte{0xff, 0xff, 0xff, 0xff}) // height and width
	huge := bytes.Clone(file(t, "lossless.webp"))
	copy(huge[21:], []byte{0xff, 0xff, 0xff, 0x0f}) // 16,384 × 16,384

	for name, c := range map[string]struct {
		body []byte
		want error
		says string
	}{
		"nothing":                  {nil, picture.ErrNoPicture, "not a " + photo.FormatNames()},
		"a text":                   {[]byte("who is it?"), picture.ErrNoPicture, "not a " + photo.FormatNames()},
		"a film":                   {[]byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomavc1"), picture.ErrNoPicture, "not a " + photo.FormatNames()},
		"a HEIC of nothing":        {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), picture.ErrNoPicture, "broken HEIC"},
		"a JPEG that is cut":       {jpegBody[:len(jpegBody)/2], picture.ErrNoPicture, "broken JPEG"},
		"a JPEG's first bytes":     {jpegBody[:20], picture.ErrNoPicture, "broken JPEG"},
		"a PNG without pixels":     {pngHeader(10, 10), picture.ErrNoPicture, "broken PNG"},
		"a PNG of 50,000×50,000":   {pngHeader(50_000, 50_000), picture.ErrTooLarge, "50000×50000 pixels, 50000000 are allowed"},
		"a JPEG whose header lies": {lying, picture.ErrTooLarge, "65535×65535 pixels"},
		"a GIF of 65,535×65,535":   {[]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"), picture.ErrTooLarge, "65535×65535 pixels"},
		"a WebP of 16,384×16,384":  {huge, picture.ErrTooLarge, "16384×16384 pixels"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := picture.Decode(t.Context(), c.body, enough)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error is %v; want %v that says %q", err, c.want, c.says)
			}
		})
	}
}

func TestLimitOfPixels(t *testing.T) {
	body := encodePNG(t, upright())
	if _, err := picture.Decode(t.Context(), body, picture.Limits{Pixels: 48 * 32, Memory: 1 << 20, Frames: 1}); err != nil {
		t.Errorf("a picture of exactly the pixels allowed is refused: %v", err)
	}
	if _, err := picture.Decode(t.Context(), body, picture.Limits{Pixels: 48*32 - 1, Memory: 1 << 20, Frames: 1}); !errors.Is(err, picture.ErrTooLarge) {
		t.Errorf("one pixel too many: error is %v, want ErrTooLarge", err)
	}
}

// A bomb's size is read from its header: to refuse it takes no memory to speak of.
func TestBombTakesNoMemory(t *testing.T) {
	body := pngHeader(50_000, 50_000)
	result := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			picture.Decode(b.Context(), body, enough)
		}
	})
	if result.AllocedBytesPerOp() > 100_000 {
		t.Errorf("refusing a bomb takes %d bytes", result.AllocedBytesPerOp())
	}
}

func TestEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := picture.Decode(ctx, encodeJPEG(t, upright()), enough); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want the context's", err)
	}
}
