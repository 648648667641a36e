package picture

import (
	"image"
	"testing"
)

func BenchmarkRGB(b *testing.B) {
	for name, size := range map[string]image.Point{"640x480": {640, 480}, "1920x1080": {1920, 1080}, "500x400": {500, 400}} {
		b.Run(name, func(b *testing.B) {
			img := image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420)
			dst := make([]float32, 3*320*240)
			scale := float64(size.X) / 320
			for b.Loop() {
				New(img).RGB(dst[:320*240], dst[320*240:2*320*240], dst[2*320*240:], 320, Scale(scale, scale, 0, 0))
			}
		})
	}
}
