package picture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"slices"
	"strings"
	"testing"

	"lineup.dev/lineup/face-server/picture"
)

// What every viewer shows is shown, whole and without a warning.
func TestUnusualJPEGs(t *testing.T) {
	ordinary := encodeJPEG(t, upright())
	bodies := map[string][]byte{
		"arithmetic coding":                                  file(t, "arithmetic.jpg"),
		"arithmetic coding, and data behind its end":         append(bytes.Clone(file(t, "arithmetic.jpg")), 0, 0, 0, 0),
		"Huffman tables left out, as in a frame of a camera": without(t, ordinary, 0xc4),
		"no end":              ordinary[:len(ordinary)-2],
		"no end, progressive": bytes.TrimSuffix(file(t, "progressive.jpg"), []byte{0xff, 0xd9}),
		"no end, and a camera's data after the pixels": append(ordinary[:len(ordinary)-2:len(ordinary)-2], "\x00\x00\x01\x0a\x0e\x00\x00\x00Image_UTC_Data1700000000000SEFHj\x00\x00\x00\x01\x00\x00\x00\x00\x00\x01\x0a\x23\x00\x00\x00#\x00\x00\x00\x18\x00\x00\x00SEFT"...),
		"restart markers announced and none there":     insert(ordinary, "\xff\xdd\x00\x04\x00\x03"),
		"a few surplus bytes behind the pixels":        surplusBytes(ordinary, 50),
		"fill before a marker":                         insert(ordinary, "\xff\xff\xff"),
	}
	for _, name := range []string{
		"restarts.jpg", "restarts-scans.jpg", "restarts-progressive.jpg",
		"sampled-1x1-2x2-2x2.jpg", "sampled-1x4.jpg", "sampled-2x1-2x1-1x1.jpg", "sampled-2x2-2x1-1x2.jpg", "sampled-2x4.jpg", "sampled-3x1.jpg",
	} {
		bodies[name] = file(t, name)
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			mustShow(t, body, quarters)
			mustWarn(t, body, "")
		})
	}
}

// insert puts bytes behind a JPEG's first marker.
func insert(body []byte, more string) []byte {
	return bytes.Join([][]byte{body[:2], []byte(more), body[2:]}, nil)
}

// surplusBytes puts so many bytes, none of them zero, behind a JPEG's pixels.
func surplusBytes(body []byte, count int) []byte {
	end := len(body) - 2
	return slices.Concat(body[:end], bytes.Repeat([]byte{0x55}, count), body[end:])
}

// without leaves out the segments with that marker.
func without(t *testing.T, body []byte, marker byte) []byte {
	t.Helper()
	kept := bytes.Clone(body[:2])
	for at := 2; body[at+1] != 0xda; {
		end := at + 2 + int(binary.BigEndian.Uint16(body[at+2:]))
		if body[at+1] != marker {
			kept = append(kept, body[at:end]...)
		}
		at = end
		if body[at+1] == 0xda {
			return append(kept, body[at:]...)
		}
	}
	t.Fatal("the JPEG has no other segment than its scan")
	return nil
}

func mustWarn(t *testing.T, body []byte, says string) {
	t.Helper()
	p, err := picture.Decode(t.Context(), body, enough)
	if err != nil {
		t.Fatal(err)
	}
	if says == "" && p.Warning != "" || !strings.Contains(p.Warning, says) {
		t.Errorf("the warning is %q, want one that says %q", p.Warning, says)
	}
}

// CMYK is stored inverted, whether Adobe's marker says so or not.
func TestCMYK(t *testing.T) {
	body := cmykJPEG(t)
	marker := bytes.Index(body, []byte("\xff\xee"))
	for name, body := range map[string][]byte{"with Adobe's marker": body, "without": append(bytes.Clone(body[:marker]), body[marker+16:]...)} {
		t.Run(name, func(t *testing.T) {
			p, err := picture.Decode(t.Context(), body, enough)
			if err != nil {
				t.Fatal(err)
			}
			var grey [1]float32
			p.Grey(grey[:], 1, picture.Scale(8, 8, 0, 0))
			if want := 128. * 128 / 255; math.Abs(float64(grey[0])-want) > 2 {
				t.Errorf("it is %.0f light, want %.0f", grey[0], want)
			}
		})
	}
}

// A damaged file is looked at as far as it goes, and says what is missing.
func TestDamagedJPEGs(t *testing.T) {
	large := encodeJPEG(t, shaded(256, 256))
	restarts := file(t, "restarts.jpg")
	third := bytes.Index(restarts, []byte{0xff, 0xd2})
	progressive := file(t, "progressive.jpg")
	arithmetic, both := file(t, "arithmetic-shaded.jpg"), file(t, "arithmetic-progressive.jpg")
	for name, c := range map[string]struct {
		body []byte
		says string
	}{
		"arithmetic coding, cut at a quarter":                {arithmetic[:len(arithmetic)/4], "the file is cut off"},
		"arithmetic coding, cut at a half":                   {arithmetic[:len(arithmetic)/2], "the file is cut off"},
		"arithmetic coding, cut at nine tenths":              {arithmetic[:len(arithmetic)*9/10], "the file is cut off"},
		"arithmetic coding, progressive and cut at a half":   {both[:len(both)/2], "the file is cut off: the picture is less sharp"},
		"arithmetic coding, progressive, cut at nine tenths": {both[:len(both)*9/10], "the file is cut off: the picture is less sharp"},
		"cut at two thirds":                                  {large[:len(large)*2/3], "of the picture is missing"},
		"cut a little before its end":                        {large[:len(large)-100], "of the picture is missing"},
		"a marker amid the pixels":                           {slices.Concat(large[:len(large)/2], []byte{0xff, 0x01}, large[len(large)/2:]), "of the picture is missing"}, // browsers show no more of it
		"progressive and cut":                                {progressive[:len(progressive)*9/10], "the file is"},
		"many surplus bytes behind the pixels":               {surplusBytes(large, 200), "damaged"},
		"a part between two restarts is missing":             {append(bytes.Clone(restarts[:third]), restarts[third+20:]...), "damaged"},
	} {
		t.Run(name, func(t *testing.T) { mustWarn(t, c.body, c.says) })
	}
}

// Scans after which one cannot be understood are shown, as in browsers.
func TestJPEGWithABrokenScan(t *testing.T) {
	body := bytes.Clone(file(t, "progressive.jpg"))
	last := bytes.LastIndex(body, []byte{0xff, 0xda})
	body[last+4] = 9 // components, of which there are three
	mustShow(t, body, quarters)
	mustWarn(t, body, "damaged")
	first := bytes.Index(body, []byte{0xff, 0xda})
	body[first+4] = 9
	if _, err := picture.Decode(t.Context(), body, enough); !errors.Is(err, picture.ErrNoPicture) {
		t.Errorf("of one whose first scan is broken: error is %v, want ErrNoPicture", err)
	}
}

// shaded is a picture without an even place.
func shaded(width, height int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetNRGBA(x, y, color.NRGBA{byte(x * 255 / width), byte(y * 255 / height), byte((x*7 + y*13) % 256), 255})
		}
	}
	return img
}

// A JPEG that was decoded smaller shows the same, whatever is drawn of it.
func TestScaledJPEGShowsTheSame(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, shaded(1203, 905), &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	for _, detail := range []float64{2, 3, 4, 8, 100} {
		limits := enough
		limits.Detail = func(int, int) float64 { return detail }
		for _, side := range []float64{detail, 1} { // as announced, and finer
			full, err := picture.Decode(t.Context(), b.Bytes(), enough)
			if err != nil {
				t.Fatal(err)
			}
			small, err := picture.Decode(t.Context(), b.Bytes(), limits)
			if err != nil {
				t.Fatal(err)
			}
			if small.Width != 1203 || small.Height != 905 {
				t.Fatalf("it is %d×%d, want 1203×905 at any scale", small.Width, small.Height)
			}
			want, got := drawn(full, side), drawn(small, side)
			for i := range want {
				if math.Abs(float64(want[i]-got[i])) > 12 {
					t.Fatalf("detail %v, drawn at %v: value %d is %.0f, in full size %.0f", detail, side, i, got[i], want[i])
				}
			}
		}
	}
}

// drawn is the middle of a picture, 8×8, each of side² of its pixels.
func drawn(p *picture.Picture, side float64) []float32 {
	const n = 64
	dst := make([]float32, 3*n)
	p.RGB(dst[:n], dst[n:2*n], dst[2*n:], 8, picture.Scale(side, side, float64(p.Width)/2-4*side, float64(p.Height)/2-4*side))
	return dst
}

// A progressive JPEG's coefficients are held whole, and counted.
func TestProgressiveJPEGTakesMemory(t *testing.T) {
	body := file(t, "progressive.jpg") // 48×32, in colour at half the size: six units of six blocks
	const coefficients, pixels = 6 * 6 * 64 * 2, 48 * 32 * 3 / 2
	limits := picture.Limits{Pixels: 48 * 32, Memory: coefficients + pixels, Frames: 1}
	if _, err := picture.Decode(t.Context(), body, limits); err != nil {
		t.Errorf("with the memory that it takes: %v", err)
	}
	limits.Memory = coefficients
	_, err := picture.Decode(t.Context(), body, limits)
	if !errors.Is(err, picture.ErrTooLarge) || !strings.Contains(err.Error(), "MAX_DECODE_MEMORY") {
		t.Errorf("with less: error is %v, want ErrTooLarge that names MAX_DECODE_MEMORY", err)
	}
}

// An ordinary JPEG for whose pixels the memory is not enough is decoded smaller.
func TestOrdinaryJPEGFitsIntoMemory(t *testing.T) {
	body := encodeJPEG(t, shaded(800, 600))
	p, err := picture.Decode(t.Context(), body, picture.Limits{Pixels: 800 * 600, Memory: 800 * 600 / 2, Frames: 1})
	if err != nil {
		t.Fatal(err)
	}
	if p.Width != 800 || p.Height != 600 {
		t.Errorf("it is %d×%d, want 800×600", p.Width, p.Height)
	}
	drawn(p, 1)
}

// A progressive JPEG of more scans than any program makes takes no time.
func TestScansAreLimited(t *testing.T) {
	body := file(t, "progressive.jpg")
	scan := bytes.LastIndex(body, []byte{0xff, 0xda})
	bomb := append(bytes.Clone(body[:len(body)-2]), bytes.Repeat(body[scan:len(body)-2], 1000)...)
	if _, err := picture.Decode(t.Context(), append(bomb, 0xff, 0xd9), enough); !errors.Is(err, picture.ErrNoPicture) {
		t.Errorf("error is %v, want ErrNoPicture", err)
	}
}
