package picture

import (
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"

	"github.com/bep/imagemeta"
	"golang.org/x/image/webp"
)

// decoder is how pictures of a format are decoded. What is nil is not needed.
type decoder struct {
	config  func(io.Reader) (image.Config, error)
	decode  func(io.Reader) (image.Image, error)
	exif    imagemeta.ImageFormat           // 0 where there is none
	frames  func(body []byte, most int) int // counts those of an animation
	first   func(body []byte) []byte        // the first frame, where decode knows no animation
	convert func(decoded image.Image)       // brings the components into JFIF's range

	// open does all of that in its own way, where it is set, for a picture stored in the
	// given EXIF orientation.
	open func(body []byte, limits Limits, orientation int) (*Picture, error)
}

// decoders of package photo's Formats, by media type. Another format takes a row in
// each of the two tables.
var decoders = map[string]decoder{
	"image/jpeg": {exif: imagemeta.JPEG, open: openJPEG},
	"image/png":  {config: png.DecodeConfig, decode: png.Decode, exif: imagemeta.PNG, frames: pngFrames},
	"image/webp": {config: webp.DecodeConfig, decode: webp.Decode, exif: imagemeta.WebP, frames: webpFrames, first: firstFrame, convert: widenRange},
	"image/gif":  {config: gif.DecodeConfig, decode: gif.Decode, frames: gifFrames},
}

// memory is the bytes that a pixel takes while a picture of that colour model is
// decoded, and copied where its model is not kept.
func memory(model color.Model) int {
	const copied = 3
	switch model {
	case color.GrayModel:
		return 1
	case color.YCbCrModel:
		return 3
	case color.NYCbCrAModel:
		return 4 + copied
	case color.Gray16Model:
		return 2 + copied
	case color.RGBA64Model, color.NRGBA64Model:
		return 8 + copied
	case color.RGBAModel, color.NRGBAModel:
		return 4 + copied
	}
	return 1 + copied // a palette
}
