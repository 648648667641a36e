package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// maxName is the width of person.name, in characters.
const maxName = store.PersonNameWidth

// personName normalises a name, so that two spellings that look the same are the
// same person.
func personName(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", malformed("name is not valid UTF-8")
	}
	name = strings.Join(strings.Fields(norm.NFC.String(name)), " ")
	switch {
	case name == "":
		return "", malformed("name is missing")
	case utf8.RuneCountInString(name) > maxName:
		return "", malformed("name has more than %d characters", maxName)
	case strings.ContainsFunc(name, unicode.IsControl):
		return "", malformed("name has a control character")
	case strings.ContainsFunc(name, lineup.Turns):
		return "", malformed("name has a character that turns the direction of what follows (U+202A to U+202E, U+2066 to U+2069); leave it out: names in any script are shown right without")
	}
	return name, nil
}

// imageName is a photo's name in the gallery: readable, a plain file name whatever
// the person is called, and the same for the same person and photo.
func imageName(name string, u upload) string {
	const maxReadable = 40 // characters kept of the person's name
	var readable strings.Builder
	for i, c := range []rune(name) {
		if i == maxReadable {
			break
		}
		if !unicode.IsLetter(c) && !unicode.IsMark(c) && !unicode.IsDigit(c) {
			c = '_'
		}
		readable.WriteRune(unicode.ToLower(c))
	}
	return fmt.Sprintf("%s-%s.%s", readable.String(), u.hash[:16], u.extension)
}
