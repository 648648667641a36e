package picture

import (
	"image"
	"image/color"
	"image/draw"
)

// components is a picture as lightness and two colour differences.
type components struct{ y, cb, cr *plane }

// planes takes the components of a decoded picture, or computes them: what is
// transparent becomes white, and so does what a GIF's first frame leaves free.
func planes(decoded image.Image, width, height int) components {
	switch img := decoded.(type) {
	case *image.YCbCr:
		return ofYCbCr(img, width, height)
	case *image.Gray:
		return ofGrey(newPlane(newLevel(img.Pix, img.Stride, width, height), 1, 1, 0), width, height)
	}
	return ofYCbCr(toYCbCr(decoded, width, height), width, height)
}

// ofGrey is a picture of width × height without colour.
func ofGrey(y *plane, width, height int) components {
	none := newLevel([]byte{128}, 1, 1, 1)
	return components{y, newPlane(none, width, height, 128), newPlane(none, width, height, 128)}
}

func ofYCbCr(img *image.YCbCr, width, height int) components {
	across, down := subsampling(img.SubsampleRatio)
	columns, rows := (width+across-1)/across, (height+down-1)/down
	return components{
		newPlane(newLevel(img.Y, img.YStride, width, height), 1, 1, 0),
		newPlane(newLevel(img.Cb, img.CStride, columns, rows), across, down, 128),
		newPlane(newLevel(img.Cr, img.CStride, columns, rows), across, down, 128),
	}
}

// subsampling is how many pixels share a colour value, across and down.
func subsampling(ratio image.YCbCrSubsampleRatio) (across, down int) {
	switch ratio {
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio420:
		return 2, 2
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	}
	return 1, 1
}

// toYCbCr converts row by row, so that a large picture is never there three times.
func toYCbCr(img image.Image, width, height int) *image.YCbCr {
	converted := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio444)
	row := image.NewRGBA(image.Rect(0, 0, width, 1))
	for y := range height {
		draw.Draw(row, row.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(row, row.Rect, img, image.Pt(0, y), draw.Over)
		at := y * width
		for x := range width {
			rgb := row.Pix[4*x:][:3]
			converted.Y[at+x], converted.Cb[at+x], converted.Cr[at+x] = color.RGBToYCbCr(rgb[0], rgb[1], rgb[2])
		}
	}
	return converted
}

// widenRange brings the components of a lossy WebP into JFIF's range. VP8 keeps
// lightness in 16 to 235 and colour in 16 to 240 (RFC 6386, section 9.2: ITU-R
// BT.601); package webp hands them out as they are.
func widenRange(decoded image.Image) {
	img, ok := decoded.(*image.YCbCr)
	if alpha, isAlpha := decoded.(*image.NYCbCrA); isAlpha {
		img, ok = &alpha.YCbCr, true
	}
	if !ok {
		return
	}
	var lightness, difference [256]byte
	for v := range 256 {
		lightness[v] = byte(clamp((float32(v)-16)*255/219 + 0.5))
		difference[v] = byte(clamp((float32(v)-128)*255/224 + 128.5))
	}
	for i, v := range img.Y {
		img.Y[i] = lightness[v]
	}
	for _, plane := range [][]byte{img.Cb, img.Cr} {
		for i, v := range plane {
			plane[i] = difference[v]
		}
	}
}

// clamp is several times as quick as min and max, which think of NaN.
func clamp(v float32) float32 {
	if v < 0 {
		return 0
	}
	if v > 255 {
		return 255
	}
	return v
}
