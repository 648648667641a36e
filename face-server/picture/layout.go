package picture

import (
	"bytes"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/photo"
)

// LayoutOf tells from a file's headers how it holds a picture's pixels.
func LayoutOf(body []byte) (l lineup.Layout) {
	l.Orientation = 1
	format, known := photo.FormatOf(body)
	if !known {
		return l
	}
	d := decoders[format.MediaType]
	guard(func() error { //nolint:errcheck // what a broken header says is not known
		switch {
		case d.exif != nil:
			l.Orientation = orientationOf(d.exif(body))
		case format.MediaType == "image/heic", format.MediaType == "image/avif":
			l.Orientation = heifOrientation(body)
		}
		if format.MediaType == "image/jpeg" {
			frame := readJPEGFrame(body)
			l.Width, l.Height = frame.width, frame.height
			return nil
		}
		if d.config == nil {
			return nil
		}
		config, err := d.config(bytes.NewReader(body))
		l.Width, l.Height = config.Width, config.Height
		return err
	})
	return l
}
