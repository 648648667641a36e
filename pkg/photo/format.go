package photo

import (
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
}

// Formats are the kinds of pictures that are taken: here, and in face-server/picture,
// which decodes them. SVG is not among them: it can hold a program.
var Formats = []Format{
	{"JPEG", "jpg", "image/jpeg"},
	{"PNG", "png", "image/png"},
	{"WebP", "webp", "image/webp"},
	{"GIF", "gif", "image/gif"},
}

// sniffBytes is how much of a file tells its format.
const sniffBytes = 512

// FormatOf tells a picture's format by its first bytes, 512 at most, whatever it is called.
func FormatOf(first []byte) (Format, bool) {
	mediaType := http.DetectContentType(first)
	return find(func(f Format) bool { return f.MediaType == mediaType })
}

// FormatByName tells the format that a file's name promises, in letters of any
// case: .jpg and .jpeg alike.
func FormatByName(name string) (Format, bool) {
	extension, _ := strings.CutPrefix(strings.ToLower(path.Ext(name)), ".")
	return find(func(f Format) bool { return extension == f.Extension || "image/"+extension == f.MediaType })
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
