package lineup

import (
	"encoding/json"
	"path"
	"regexp"
	"strings"
	"unicode"
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

// Turns tells of the characters that make one name look like another: they turn the
// direction of what follows. Marks of direction, which only say how neutral characters
// belong, are in names of several scripts.
func Turns(c rune) bool { return c >= '\u202A' && c <= '\u202E' || c >= '\u2066' && c <= '\u2069' }

// PlainName is a name, as a file or its metadata has it, without what no name may hold.
func PlainName(name string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || Turns(c) {
			return -1
		}
		return c
	}, name)
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

// SpreadsheetText is text for a table that no spreadsheet takes for a formula
// (https://owasp.org/www-community/attacks/CSV_Injection).
func SpreadsheetText(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
