package picture

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
	"lineup.dev/lineup/pkg/photo"
)

// Formats are the names of formats, in small letters: those that are on. Nil is all.
type Formats []string

// AllFormats is every format there is, as the setting FORMATS has them.
func AllFormats() Formats {
	names := make(Formats, len(photo.Formats))
	for i, f := range photo.Formats {
		names[i] = strings.ToLower(f.Name)
	}
	return names
}

// Decode reads the setting: names with spaces or commas between.
func (f *Formats) Decode(value string) error {
	names := strings.FieldsFunc(strings.ToLower(value), func(r rune) bool { return r == ' ' || r == ',' })
	all := AllFormats()
	for _, name := range names {
		if !slices.Contains(all, name) {
			return fmt.Errorf("there is no format %q, but %s", name, all)
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("at least one must be on of %s", all)
	}
	*f = names
	return nil
}

func (f Formats) String() string { return strings.Join(f, " ") }

// On tells whether pictures of the format are taken.
func (f Formats) On(format photo.Format) bool {
	return f == nil || slices.Contains(f, strings.ToLower(format.Name))
}

// decoder is how pictures of a format are decoded. What is nil is not needed.
type decoder struct {
	config  func(io.Reader) (image.Config, error)
	decode  func(io.Reader) (image.Image, error)
	exif    func(body []byte) []byte         // finds the data that tells the orientation
	frames  func(body []byte, most int) int  // counts those of an animation
	first   func(body []byte) []byte         // the first frame, where decode knows no animation
	header  func(body []byte) (extra, error) // refuses what decode cannot, and tells what memory it takes
	more    int                              // bytes that decode takes for a pixel beside the pixel itself
	convert func(decoded image.Image)        // brings the components into JFIF's range

	// mend decodes as much as there is of a file that decode gave up, and warns of what
	// is missing.
	mend func(ctx context.Context, body []byte, limits Limits, orientation int) (*Picture, error)

	// open does all of that in its own way, where it is set, for a picture stored in the
	// given EXIF orientation.
	open func(ctx context.Context, body []byte, limits Limits, orientation int) (*Picture, error)
}

// extra is the bytes that decoding takes for 16 pixels beyond the pixels themselves.
type extra int

// decoders of package photo's Formats, by media type. Another format takes a row in
// each of the two tables.
var decoders = map[string]decoder{
	"image/jpeg": {config: jpeg.DecodeConfig, decode: jpeg.Decode, exif: jpegEXIF, header: jpegHeader},
	"image/png":  {config: png.DecodeConfig, decode: png.Decode, exif: pngEXIF, frames: pngFrames, mend: mendPNG},
	"image/webp": {config: webp.DecodeConfig, decode: webp.Decode, frames: webpFrames, first: firstFrame, convert: widenRange, mend: mendWebP},
	"image/gif":  {config: gif.DecodeConfig, decode: gif.Decode, frames: gifFrames, mend: mendGIF},
	"image/heic": {open: openHEIC},
	"image/avif": {open: openAVIF},
	"image/tiff": {config: tiff.DecodeConfig, decode: tiff.Decode, exif: tiffItself, more: 4},
	"image/bmp":  {config: bmp.DecodeConfig, decode: bmp.Decode, mend: mendBMP},
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
	case color.CMYKModel:
		return 4 + 4 + copied // package jpeg makes the pixels of separate planes
	case color.RGBAModel, color.NRGBAModel:
		return 4 + copied
	}
	return 1 + copied // a palette
}
