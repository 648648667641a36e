package picture_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image/color"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/tiff"

	"lineup.dev/lineup/face-server/picture"
)

func TestHEICAndAVIF(t *testing.T) {
	for _, name := range []string{"quarters.heic", "rotated.heic", "quarters.avif", "deep.avif"} {
		t.Run(name, func(t *testing.T) { mustShow(t, file(t, name), quarters) })
	}
	for _, name := range []string{"grey.heic", "grey.avif"} {
		t.Run(name, func(t *testing.T) {
			mustShow(t, file(t, name), []color.NRGBA{{60, 60, 60, 255}, {200, 200, 200, 255}, {120, 120, 120, 255}, {20, 20, 20, 255}})
		})
	}
	for orientation := 2; orientation <= 8; orientation++ {
		name := fmt.Sprintf("orientation%d.avif", orientation)
		t.Run(name, func(t *testing.T) { mustShow(t, file(t, name), quarters) })
	}
}

// As phones store them: four pictures of 64×64 side by side.
func TestHEICOfTiles(t *testing.T) { mustShowSized(t, file(t, "grid.heic"), 128, 128, quarters) }

func TestLimitsOfASandbox(t *testing.T) {
	for _, name := range []string{"quarters.heic", "quarters.avif"} {
		for what, c := range map[string]struct {
			change func(*picture.Limits)
			says   string
		}{
			"pixels": {func(l *picture.Limits) { l.Pixels = 48*32 - 1 }, "MAX_PIXELS"},
			"memory": {func(l *picture.Limits) { l.Memory = 48 * 32 }, "MAX_DECODE_MEMORY"},
			"time":   {func(l *picture.Limits) { l.DecodeTimeout = time.Nanosecond }, "DECODE_TIMEOUT"},
		} {
			t.Run(what+" of "+name, func(t *testing.T) {
				limits := enough
				c.change(&limits)
				_, err := picture.Decode(t.Context(), file(t, name), limits)
				if !errors.Is(err, picture.ErrTooLarge) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("error is %v, want ErrTooLarge that names %s", err, c.says)
				}
			})
		}
		t.Run("a caller that has gone, of "+name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := picture.Decode(ctx, file(t, name), enough); !errors.Is(err, context.Canceled) {
				t.Errorf("error is %v, want the context's", err)
			}
		})
	}
}

// What only the decoder knows to be too much is refused in the same words.
func TestMemoryThatADecoderWants(t *testing.T) {
	limits := enough
	limits.Memory = 5 << 20 // its pixels fit into that, and what makes them does not
	_, err := picture.Decode(t.Context(), file(t, "large.avif"), limits)
	if !errors.Is(err, picture.ErrTooLarge) || !strings.Contains(err.Error(), "MAX_DECODE_MEMORY") {
		t.Errorf("error is %v, want ErrTooLarge that names MAX_DECODE_MEMORY", err)
	}
	if _, err := picture.Decode(t.Context(), file(t, "large.avif"), enough); err != nil {
		t.Errorf("with enough memory: %v", err)
	}
}

// A file that claims to be large takes no memory to be refused.
func TestHEIFBomb(t *testing.T) {
	for _, name := range []string{"quarters.heic", "quarters.avif"} {
		bomb := bytes.Clone(file(t, name))
		for at := 0; ; {
			next := bytes.Index(bomb[at:], []byte("ispe"))
			if next < 0 {
				break
			}
			at += next + 8 // kind, version and flags
			binary.BigEndian.PutUint32(bomb[at:], 30_000)
			binary.BigEndian.PutUint32(bomb[at+4:], 30_000)
		}
		_, err := picture.Decode(t.Context(), bomb, enough)
		if !errors.Is(err, picture.ErrTooLarge) && !errors.Is(err, picture.ErrNoPicture) {
			t.Errorf("%s of 30,000×30,000: error is %v", name, err)
		}
	}
}

// What is cut off and cannot be shown in part says so, wherever it is cut.
func TestWhatIsCutOffSaysSo(t *testing.T) {
	toTheEnd := func(body []byte) []byte { // the last box says that it goes up to the end
		open := bytes.Clone(body)
		copy(open[bytes.LastIndex(open, []byte("mdat"))-4:], make([]byte, 4))
		return open
	}
	strip := deflate(t, make([]byte, 48*16*3))
	for name, body := range map[string][]byte{
		"HEIC": file(t, "quarters.heic"), "AVIF": file(t, "quarters.avif"), "AVIF of 10 bits": file(t, "deep.avif"),
		"HEIC up to its end": toTheEnd(file(t, "quarters.heic")), "AVIF up to its end": toTheEnd(file(t, "quarters.avif")),
		"TIFF": encodeTIFF(t, upright(), tiff.Deflate), "TIFF with its directory first": tiffOf(8, strip, strip),
	} {
		t.Run(name, func(t *testing.T) {
			mustWarn(t, body, "")
			format, most := strings.Fields(name)[0], len(body)-len(strip)-1 // the last TIFF with a strip can be looked at in part
			for _, length := range []int{32, len(body) / 4, len(body) / 2, most} {
				_, err := picture.Decode(t.Context(), body[:length], enough)
				if want := "broken " + format + ": the file is cut off"; !errors.Is(err, picture.ErrNoPicture) || !strings.Contains(err.Error(), want) {
					t.Errorf("cut after %d of %d bytes: error is %v, want %q", length, len(body), err, want)
				}
			}
		})
	}
	for name, whole := range map[string][]byte{"HEIC": file(t, "quarters.heic"), "AVIF": file(t, "quarters.avif")} {
		damaged := bytes.Clone(whole)
		clear(damaged[bytes.Index(damaged, []byte("mdat"))+4:])
		if _, err := picture.Decode(t.Context(), damaged, enough); !errors.Is(err, picture.ErrNoPicture) || strings.Contains(err.Error(), "cut off") {
			t.Errorf("of a damaged %s that is whole, error is %v, want ErrNoPicture that does not say that it is cut off", name, err)
		}
	}
}

func TestFormatsThatAreOff(t *testing.T) {
	limits := enough
	if err := limits.Formats.Decode("JPEG, png"); err != nil {
		t.Fatal(err)
	}
	_, err := picture.Decode(t.Context(), file(t, "quarters.heic"), limits)
	if !errors.Is(err, picture.ErrOff) || !strings.Contains(err.Error(), "HEIC is switched off; set FORMATS") {
		t.Errorf("error is %v, want ErrOff that names format and setting", err)
	}
	if _, err := picture.Decode(t.Context(), encodePNG(t, upright()), limits); err != nil {
		t.Errorf("a PNG, which is on: %v", err)
	}
	for _, wrong := range []string{"", " ,", "jpeg webm", "svg"} {
		if err := new(picture.Formats).Decode(wrong); err == nil {
			t.Errorf("FORMATS=%q is taken", wrong)
		}
	}
}
