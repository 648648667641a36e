package picture_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"testing"

	"lineup.dev/lineup/face-server/picture"
)

// redAndBlue is a picture whose left half is red and whose right one is blue.
func redAndBlue(width, height int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.RGBA{R: 255, A: 255}
			if x >= width/2 {
				c = color.RGBA{B: 255, A: 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func decoded(t *testing.T, body []byte, err error) image.Image {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func isRed(c color.Color) bool {
	r, g, b, _ := c.RGBA()
	return r > 0xd000 && g < 0x3000 && b < 0x3000
}

func isBlue(c color.Color) bool {
	r, g, b, _ := c.RGBA()
	return r < 0x3000 && g < 0x3000 && b > 0xd000
}

func TestAThumbnailShowsThePicture(t *testing.T) {
	for _, size := range []image.Point{{1000, 500}, {1001, 333}, {500, 1000}, {31, 17}, {3, 2}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			body, err := picture.New(redAndBlue(size.X, size.Y)).Thumbnail()
			img := decoded(t, body, err)
			b := img.Bounds()
			if longer := max(b.Dx(), b.Dy()); longer > 320 || longer > max(size.X, size.Y)+1 {
				t.Errorf("it is %v", b)
			}
			if size.X > 16 && (!isRed(img.At(1, b.Dy()/2)) || !isBlue(img.At(b.Dx()-1, b.Dy()-1)) || !isBlue(img.At(b.Dx()-1, 0))) {
				t.Errorf("left is %v, right %v", img.At(1, b.Dy()/2), img.At(b.Dx()-1, 0))
			}
		})
	}
}

func TestAThumbnailOfARotatedPictureIsUpright(t *testing.T) {
	body, err := picture.New(redAndBlue(400, 200)).Rotated(1).Thumbnail() // what was left is above
	img := decoded(t, body, err)
	if b := img.Bounds(); b.Dx() != 160 || b.Dy() != 320 || !isRed(img.At(80, 10)) || !isBlue(img.At(80, 310)) {
		t.Errorf("it is %v, above %v, below %v", b, img.At(80, 10), img.At(80, 310))
	}
}

func TestACropStaysWithinThePicture(t *testing.T) {
	p := picture.New(redAndBlue(1000, 600))
	for _, c := range []struct {
		x, y, side float64
		want       int
		is         func(color.Color) bool
	}{
		{100, 100, 100, 100, isRed},
		{0, 0, 300, 160, isRed},
		{1000, 600, 300, 160, isBlue},
		{900, 300, 1e6, 160, isBlue}, // 600 pixels
		{700, 300, 0, 2, isBlue},
	} {
		body, err := p.Crop(c.x, c.y, c.side)
		img := decoded(t, body, err)
		if b := img.Bounds(); b.Dx() != c.want || b.Dy() != c.want || !c.is(img.At(b.Dx()-1, 0)) {
			t.Errorf("at (%v, %v), %v long: it is %v with %v", c.x, c.y, c.side, b, img.At(b.Dx()-1, 0))
		}
	}
}

// Noise is what is hardest to make small.
func TestDerivedPicturesKeepTheirSize(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	img := image.NewRGBA(image.Rect(0, 0, 1700, 1700))
	for i := range img.Pix {
		img.Pix[i] = byte(r.Uint32())
	}
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 255
	}
	small := picture.New(img.SubImage(image.Rect(0, 0, 320, 320)))
	for what, c := range map[string]struct {
		derive func() ([]byte, error)
		most   int
	}{
		"thumbnail": {small.Thumbnail, 15 << 10},
		"crop":      {func() ([]byte, error) { return small.Crop(160, 160, 160) }, 5 << 10},
		"large":     {picture.New(img).Large, 1 << 20},
	} {
		if body, err := c.derive(); err != nil || len(body) > c.most || len(body) < c.most/4 {
			t.Errorf("%s: %d bytes, %v", what, len(body), err)
		}
	}
}
