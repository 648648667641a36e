package picture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"runtime"
	"strings"
	"testing"

	"lineup.dev/lineup/face-server/picture"
)

// gifOfFrames is an animation of so many frames of 20×20, each with a palette of its
// own but for the first.
func gifOfFrames(t testing.TB, frames int) []byte {
	t.Helper()
	animation := new(gif.GIF)
	for i := range frames {
		frame := image.NewPaletted(image.Rect(0, 0, 20, 20), color.Palette{color.Black, color.White, color.Gray{uint8(i)}})
		animation.Image, animation.Delay = append(animation.Image, frame), append(animation.Delay, 1)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, animation); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// webpOfFrames is the animated WebP with its first frame so many times.
func webpOfFrames(t testing.TB, frames int) []byte {
	t.Helper()
	body := file(t, "animated.webp")
	first := bytes.Index(body, []byte("ANMF"))
	size := 8 + int(binary.LittleEndian.Uint32(body[first+4:]))
	frame := body[first : first+size+size&1]
	all := append(bytes.Clone(body[:first]), bytes.Repeat(frame, frames)...)
	binary.LittleEndian.PutUint32(all[4:], uint32(len(all)-8))
	return all
}

// pngOfFrames is a PNG that says it begins an animation of so many frames.
func pngOfFrames(t *testing.T, frames int) []byte {
	t.Helper()
	body := encodePNG(t, upright())
	const header = 33 // signature and IHDR
	control := binary.BigEndian.AppendUint32(nil, uint32(frames))
	return bytes.Join([][]byte{body[:header], chunk("tEXt", []byte("a\x00b")), chunk("acTL", append(control, 0, 0, 0, 0)), body[header:]}, nil)
}

func TestLimitOfFrames(t *testing.T) {
	for name, frames := range map[string]func(int) []byte{
		"GIF":  func(n int) []byte { return gifOfFrames(t, n) },
		"WebP": func(n int) []byte { return webpOfFrames(t, n) },
		"PNG":  func(n int) []byte { return pngOfFrames(t, n) },
	} {
		for n, refused := range map[int]bool{1: false, 2: false, 30: false, 31: true, 10_000: true} {
			t.Run(fmt.Sprintf("a %s of %d frames where 30 are allowed", name, n), func(t *testing.T) {
				_, err := picture.Decode(t.Context(), frames(n), picture.Limits{Pixels: 48 * 32, Memory: 1 << 20, Frames: 30})
				if !refused && err != nil {
					t.Fatal(err)
				}
				if refused && (!errors.Is(err, picture.ErrTooLarge) || !strings.Contains(err.Error(), "more than the 30 frames that are allowed")) {
					t.Errorf("error is %v, want ErrTooLarge that says how many are allowed", err)
				}
			})
		}
	}
}

// Frames are counted without memory, and none but the first is decoded.
func TestFramesTakeNoMemory(t *testing.T) {
	taken := func(body []byte) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		picture.Decode(t.Context(), body, enough)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	one, many, refused := taken(gifOfFrames(t, 1)), taken(gifOfFrames(t, 1000)), taken(gifOfFrames(t, 10_000))
	if many > one+50_000 {
		t.Errorf("1,000 frames take %d bytes, one takes %d", many, one)
	}
	if refused > 50_000 {
		t.Errorf("to refuse 10,000 frames takes %d bytes", refused)
	}
}
