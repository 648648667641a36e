package lineup

import (
	"encoding/json"
	"path"
	"regexp"
	"strings"
)

// tail is what tells photos of one person apart: the hash that receive puts there,
// or a number.
var tail = regexp.MustCompile(`-[0-9a-f]{16}$|[-_][0-9]+$`)

// PersonOf is whose a photo is, as its name tells: the name without its extension and
// without one part at the end that is "-" and 16 hexadecimal digits, or "_" or "-"
// and a decimal number. A name of which nothing would be left stays whole.
func PersonOf(imageName string) string {
	name := strings.TrimSuffix(imageName, path.Ext(imageName))
	if person := tail.ReplaceAllString(name, ""); person != "" {
		return person
	}
	if name == "" {
		return imageName
	}
	return name
}

// PersonOfPath is whose a photo is that lies in a folder of photos: the folder's in which
// it lies there, one for each person, and of one that lies in none PersonOf.
func PersonOfPath(imageName string) string {
	if folder, _, below := strings.Cut(imageName, "/"); below {
		return folder
	}
	return PersonOf(imageName)
}

// Name is a person's name, and null in JSON of one whom nobody has named yet.
type Name string

// MarshalJSON writes null for no name.
func (n Name) MarshalJSON() ([]byte, error) {
	if n == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(n))
}
