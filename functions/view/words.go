package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"lineup.dev/lineup/pkg/lineup"
)

// namesShown is how many people the table names of one picture.
const namesShown = 4

// whom is what the table says about who is in a picture: people, or words.
type whom struct {
	People []lineup.Person // known, the surest first
	More   int             // known as well, not named
	Words  string          // instead of people
}

func who(image lineup.Image) whom {
	switch image.Status {
	case lineup.Pending, lineup.Processing:
		return whom{Words: "Pending..."}
	case lineup.Failed:
		return whom{Words: cmp.Or(image.Reason, "Nobody noted why")}
	}
	if known := known(image); len(known) > 0 {
		named := min(len(known), namesShown)
		return whom{People: known[:named], More: len(known) - named}
	}
	switch {
	case image.Status != lineup.Unknown:
		return whom{Words: "–"}
	case len(image.Faces) == 0:
		return whom{Words: "No face found"}
	case len(image.Faces) == 1:
		return whom{Words: "Nobody known"}
	}
	return whom{Words: fmt.Sprintf("Nobody known, %d faces", len(image.Faces))}
}

// known are the known people in a picture, each once, the surest first.
func known(image lineup.Image) (people []lineup.Person) {
	if image.Person != nil {
		people = append(people, *image.Person)
	}
	for _, face := range image.Faces {
		if face.Person != nil && !slices.Contains(people, *face.Person) {
			people = append(people, *face.Person)
		}
	}
	return people
}

// state is the CSS class of a status. One that was written by hand has its own.
func state(s lineup.Status) string {
	if slices.Contains(lineup.Statuses, s) {
		return string(s)
	}
	return "other"
}

func initial(name string) string {
	first, _ := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first))
}

// measure is a similarity or a score with two digits; a dash when it was not told.
func measure(value *float64) string {
	if value == nil {
		return "–"
	}
	return strconv.FormatFloat(*value, 'f', 2, 64)
}

// shell is text as one word of a shell's command, whatever it holds: it will be pasted.
func shell(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
