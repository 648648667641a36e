package picture

import (
	"bytes"
	"io"

	"github.com/bep/imagemeta"
	"golang.org/x/image/riff"
)

// readOrientation reads the EXIF tag that says how the camera was held, 1 to 8
// (EXIF 2.32, tag 0x0112). Without one, or one that makes no sense, it is 1:
// broken metadata is no reason to refuse a picture.
func readOrientation(body []byte, format imagemeta.ImageFormat) int {
	if format == imagemeta.WebP {
		// imagemeta misses what follows a chunk of odd length.
		body, format = webpEXIF(body), imagemeta.TIFF
	}
	found := 1
	_, _ = imagemeta.Decode(imagemeta.Options{
		R:           bytes.NewReader(body),
		ImageFormat: format,
		Sources:     imagemeta.EXIF,
		ShouldHandleTag: func(tag imagemeta.TagInfo) bool {
			return tag.Tag == "Orientation" && tag.Namespace == "IFD0"
		},
		HandleTag: func(tag imagemeta.TagInfo) error {
			if value, ok := tag.Value.(uint16); ok && 1 <= value && value <= 8 {
				found = int(value)
			}
			return imagemeta.ErrStopWalking
		},
	})
	return found
}

// webpEXIF is the content of a WebP's EXIF chunk, a TIFF, or nil.
func webpEXIF(body []byte) []byte {
	_, chunks, err := riff.NewReader(bytes.NewReader(body))
	for err == nil {
		var id riff.FourCC
		var content io.Reader
		id, _, content, err = chunks.Next()
		if err == nil && id == (riff.FourCC{'E', 'X', 'I', 'F'}) {
			data, _ := io.ReadAll(content)
			// Some programs put the prefix of a JPEG's segment before it.
			return bytes.TrimPrefix(data, []byte("Exif\x00\x00"))
		}
	}
	return nil
}

// turnedBy has the orientations that are put right by 0 to 3 quarter turns clockwise.
var turnedBy = [4]int{1, 6, 3, 8}

// rotate gives the size of an upright picture that is stored width × height in the
// given orientation, and where in what is stored each of its points lies.
func rotate(width, height, orientation int) (int, int, Affine) {
	w, h := float64(width), float64(height)
	switch orientation {
	case 2: // mirrored
		return width, height, Affine{XX: -1, X: w, YY: 1}
	case 3: // upside down
		return width, height, Affine{XX: -1, X: w, YY: -1, Y: h}
	case 4: // upside down and mirrored
		return width, height, Affine{XX: 1, YY: -1, Y: h}
	case 5: // on its side: rows are columns
		return height, width, Affine{XY: 1, YX: 1}
	case 6: // to be rotated clockwise
		return height, width, Affine{XY: 1, YX: -1, Y: h}
	case 7: // rows are columns, both from the end
		return height, width, Affine{XY: -1, X: w, YX: -1, Y: h}
	case 8: // to be rotated counter-clockwise
		return height, width, Affine{XY: -1, X: w, YX: 1}
	}
	return width, height, Affine{XX: 1, YY: 1}
}
