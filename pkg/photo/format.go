package photo

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
)

// Format is a kind of picture that Lineup takes and shows.
type Format struct {
	Name      string // for people
	Extension string // of a file's name, without the dot
	MediaType string
	Browsers  bool // every browser shows it; else it is to be saved, and opened by another program
}

// Formats are the kinds of pictures that are taken: here, and in face-server/picture,
// which decodes them. SVG is not among them: it can hold a program.
var Formats = []Format{
	{"JPEG", "jpg", "image/jpeg", true},
	{"PNG", "png", "image/png", true},
	{"WebP", "webp", "image/webp", true},
	{"GIF", "gif", "image/gif", true},
	{"HEIC", "heic", "image/heic", false},
	{"AVIF", "avif", "image/avif", true},
	{"TIFF", "tiff", "image/tiff", false},
	{"BMP", "bmp", "image/bmp", true},
}

// aliases are other endings of files' names.
var aliases = map[string]string{
	"jpeg": "jpg", "jpe": "jpg", "jfif": "jpg", "pjpeg": "jpg", "pjp": "jpg", "apng": "png",
	"heif": "heic", "hif": "heic", "tif": "tiff", "dib": "bmp",
}

// sniffBytes is how much of a file tells its format.
const sniffBytes = 512

// FormatOf tells a picture's format by its first bytes, 512 at most, whatever it is called.
func FormatOf(first []byte) (Format, bool) {
	mediaType := mediaTypeOf(first)
	return find(func(f Format) bool { return f.MediaType == mediaType })
}

func mediaTypeOf(first []byte) string {
	switch {
	case bytes.HasPrefix(first, []byte("II*\x00")), bytes.HasPrefix(first, []byte("MM\x00*")):
		return "image/tiff" // TIFF 6.0, section 2; not so BigTIFF, with 43 in place of 42
	case bytes.HasPrefix(first, []byte("BM")):
		return bitmap(first)
	case len(first) >= 12 && string(first[4:8]) == "ftyp":
		return heif(first)
	}
	return http.DetectContentType(first)
}

// bitmap tells a BMP from a text that begins with BM, by the size of its second header
// (12 bytes in OS/2, 40 to 124 in Windows).
func bitmap(first []byte) string {
	const fileHeader, smallest, largest = 14, 12, 124
	if len(first) < fileHeader+4 {
		return ""
	}
	if size := binary.LittleEndian.Uint32(first[fileHeader:]); size < smallest || size > largest {
		return ""
	}
	return "image/bmp"
}

// heif tells a still picture from the other files of that structure, which films are,
// by the brands it names (ISO/IEC 23008-12, annex B; AV1 Image File Format, section 6).
// A brand of its own comes before one for any coding.
func heif(first []byte) string {
	size := min(int(binary.BigEndian.Uint32(first)), len(first))
	named := []string{string(first[8:12])}
	for at := 16; at+4 <= size; at += 4 {
		named = append(named, string(first[at:at+4]))
	}
	for _, brand := range named {
		switch brand {
		case "avif", "avis":
			return "image/avif"
		case "heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs":
			return "image/heic"
		}
	}
	if named[0] == "mif1" || named[0] == "msf1" {
		return "image/heic" // its decoder knows more of it, or says no
	}
	return ""
}

// TooLarge is an ErrTooLarge, in words for whoever sent the file with these first bytes:
// they begin with its format, where that is known.
func TooLarge(first []byte, format string, args ...any) error {
	err := fmt.Errorf("%w: "+format, append([]any{ErrTooLarge}, args...)...)
	if f, known := FormatOf(first); known {
		return fmt.Errorf("%s %w", f.Name, err)
	}
	return err
}

// FormatByName tells the format that a file's name promises, in letters of any
// case: .jpg, .jpeg and .jfif alike.
func FormatByName(name string) (Format, bool) {
	extension, _ := strings.CutPrefix(strings.ToLower(path.Ext(name)), ".")
	extension = cmp.Or(aliases[extension], extension)
	return find(func(f Format) bool { return extension == f.Extension })
}

// FormatNames lists the formats for people: "JPEG, PNG, WebP or GIF".
func FormatNames() string {
	names := make([]string, len(Formats))
	for i, f := range Formats {
		names[i] = f.Name
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func find(match func(Format) bool) (Format, bool) {
	i := slices.IndexFunc(Formats, match)
	if i < 0 {
		return Format{}, false
	}
	return Formats[i], true
}
