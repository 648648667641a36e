package picture_test

import (
	"fmt"
	"image"
	"math"
	"testing"

	"lineup.dev/lineup/face-server/picture"
)

// slope is a picture whose lightness at (x, y) is x/width·200 + y/height·50.
func slope(width, height int) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			light := (float64(x)+0.5)/float64(width)*200 + (float64(y)+0.5)/float64(height)*50
			img.Pix[y*img.Stride+x] = byte(math.Round(light))
		}
	}
	return img
}

// However large a picture is drawn, what lies at a place must stay there.
func TestSamplingKeepsPlaces(t *testing.T) {
	const size = 32
	for _, original := range []int{8, 20, 32, 47, 64, 100, 333, 1000, 2047} {
		t.Run(fmt.Sprintf("%d pixels drawn as %d", original, size), func(t *testing.T) {
			p := picture.New(slope(original, original))
			scale := float64(original) / size
			dst := make([]float32, size*size)
			p.Grey(dst, size, picture.Scale(scale, scale, 0, 0))
			for i, got := range dst {
				x, y := float64(i%size)+0.5, float64(i/size)+0.5
				// Beyond the outermost pixels' centres there is nothing to interpolate with.
				margin := max(0.5/scale, 1)
				if x < margin || y < margin || x > size-margin || y > size-margin {
					continue
				}
				if want := x/size*200 + y/size*50; math.Abs(float64(got)-want) > 1.5 {
					t.Fatalf("at (%v, %v) it is %v light, want %v", x, y, got, want)
				}
			}
		})
	}
}

func TestSamplingTurned(t *testing.T) {
	p := picture.New(slope(100, 100))
	// A quarter turn around the middle: dst (x, y) shows (y, 100-x).
	dst := make([]float32, 100*100)
	p.Grey(dst, 100, picture.Affine{XY: 1, YX: -1, Y: 100})
	for _, at := range [][2]int{{10, 20}, {50, 50}, {80, 30}} {
		x, y := at[0], at[1]
		want := (float64(y)+0.5)*2 + (100-float64(x)-0.5)*0.5
		if got := float64(dst[y*100+x]); math.Abs(got-want) > 1.5 {
			t.Errorf("at (%d, %d) it is %v light, want %v", x, y, got, want)
		}
	}
}

// The outermost pixels are no darker than the rest, whatever size is drawn.
func TestSamplingToTheEdge(t *testing.T) {
	for _, original := range []int{8, 47, 333, 1000, 2047} {
		white := image.NewGray(image.Rect(0, 0, original, original))
		for i := range white.Pix {
			white.Pix[i] = 255
		}
		scale := float64(original) / 32
		dst := make([]float32, 32*32)
		picture.New(white).Grey(dst, 32, picture.Scale(scale, scale, 0, 0))
		for i, light := range dst {
			if light < 254 {
				t.Fatalf("%d pixels drawn as 32: pixel %d is %v light, want 255", original, i, light)
			}
		}
	}
}

// Of a fine pattern that is drawn small every pixel counts alike.
func TestShrinkingAverages(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 960, 720))
	for i := range img.Pix {
		img.Pix[i] = byte((i%960 + i/960) % 2 * 200)
	}
	dst := make([]float32, 320*240)
	picture.New(img).Grey(dst, 320, picture.Scale(3, 3, 0, 0))
	for i, light := range dst {
		if math.Abs(float64(light)-100) > 12 {
			t.Fatalf("pixel %d of a fine chequer is %v light, want about 100", i, light)
		}
	}
}

func TestAroundThePictureItIsBlack(t *testing.T) {
	white := image.NewRGBA(image.Rect(0, 0, 10, 10))
	for i := range white.Pix {
		white.Pix[i] = 255
	}
	p := picture.New(white)
	r, g, b := make([]float32, 9), make([]float32, 9), make([]float32, 9)
	p.RGB(r, g, b, 3, picture.Scale(10, 10, -10, -10))
	for i := range r {
		want := float32(0)
		if i == 4 {
			want = 255
		}
		if r[i] != want || g[i] != want || b[i] != want {
			t.Errorf("pixel %d is (%v, %v, %v), want %v", i, r[i], g[i], b[i], want)
		}
	}
}

func TestOddPictures(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {1, 3000}, {3000, 1}, {20000, 10}} {
		p := picture.New(image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420))
		scale := float64(max(size.X, size.Y)) / 32
		r, g, b := make([]float32, 32*32), make([]float32, 32*32), make([]float32, 32*32)
		p.RGB(r, g, b, 32, picture.Scale(scale, scale, 0, 0))
		p.RGB(r, g, b, 32, picture.Affine{X: math.NaN(), XX: math.Inf(1), YY: math.NaN()}) // must only not panic
	}
}

func BenchmarkRGB(b *testing.B) {
	for _, size := range []image.Point{{640, 480}, {1920, 1080}, {4000, 3000}} {
		b.Run(fmt.Sprintf("%dx%d to 320x240", size.X, size.Y), func(b *testing.B) {
			img := image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420)
			const n = 320 * 240
			dst := make([]float32, 3*n)
			scale := float64(size.X) / 320
			for b.Loop() {
				picture.New(img).RGB(dst[:n], dst[n:2*n], dst[2*n:], 320, picture.Scale(scale, scale, 0, 0))
			}
		})
	}
}
