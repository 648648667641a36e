package picture

import (
	"context"
	"image"
	"image/gif"
	"image/png"
	"io"

	"github.com/jsummers/gobmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// decoder is how pictures of a format are decoded. What is nil is not needed.
type decoder struct {
	config  func(io.Reader) (image.Config, error)
	decode  func(io.Reader) (image.Image, error)
	exif    func(body []byte) []byte        // finds the data that tells the orientation
	frames  func(body []byte, most int) int // counts those of an animation
	first   func(body []byte) []byte        // the first frame, where decode knows no animation
	convert func(decoded image.Image)       // brings the components into JFIF's range
	cut     func(body []byte) bool          // tells that the end is missing, where decode does not mind

	// short tells of a file that cannot be decoded, not even in part, that its end is missing.
	short func(body []byte) bool

	// more is the bytes that decode takes beside the pixels that it gives.
	more func(body []byte, config image.Config) int64

	// mend decodes as much as there is of a file that decode gave up, by d, which is this
	// decoder, and warns of what is missing. What it takes beside what a whole file does is
	// for it to check.
	mend func(ctx context.Context, d decoder, body []byte, limits Limits, orientation int) (*Picture, error)

	// open does all of that in its own way, where it is set, for a picture stored in the
	// given EXIF orientation.
	open func(ctx context.Context, body []byte, limits Limits, orientation int) (*Picture, error)
}

// decoders of package photo's Formats, by media type. Another format takes a row in
// each of the two tables.
var decoders = map[string]decoder{
	"image/jpeg": {exif: jpegEXIF, open: openJPEG},
	"image/png":  {config: pngConfig, decode: png.Decode, exif: pngEXIF, frames: pngFrames, mend: mendPNG},
	"image/webp": {config: webp.DecodeConfig, decode: webp.Decode, frames: webpFrames, first: firstFrame, convert: widenRange, more: moreForWebP, mend: mendWebP},
	"image/gif":  {config: gif.DecodeConfig, decode: gif.Decode, frames: gifFrames, mend: mendGIF},
	"image/heic": {open: openHEIC, short: shortHEIF},
	"image/avif": {open: openAVIF, short: shortHEIF},
	"image/tiff": {config: tiff.DecodeConfig, decode: tiff.Decode, exif: tiffItself, more: moreForTIFF, mend: mendTIFF, short: shortTIFF},
	"image/bmp":  {config: gobmp.DecodeConfig, decode: gobmp.Decode, cut: cutBMP, mend: mendBMP},
}
