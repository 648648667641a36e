package main

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/bidi"
)

// plain is a path as a page shows it: a character that turns the direction of what follows,
// so that one name looks like another, is seen as one that cannot be shown.
func plain(path string) string {
	return strings.Map(func(c rune) rune {
		if unicode.Is(unicode.Bidi_Control, c) {
			return unicode.ReplacementChar
		}
		return c
	}, path)
}

// What begins and ends a text that has a direction of its own and moves nothing around it.
const (
	isolate    = "\u2068"
	endIsolate = "\u2069"
)

// isolated is a name as it stands in a sentence where no element can keep it apart: one that is
// read from right to left, or turns what follows, changes nothing of what stands around it.
func isolated(name string) string {
	if strings.IndexFunc(name, turns) < 0 {
		return name
	}
	return isolate + strings.Map(withoutTurns, name) + endIsolate
}

// turns tells of a character that is not read from left to right, or has others read so.
func turns(c rune) bool {
	properties, _ := bidi.LookupRune(c)
	switch properties.Class() {
	case bidi.R, bidi.AL, bidi.AN, bidi.Control:
		return true
	}
	return unicode.Is(unicode.Bidi_Control, c)
}

// withoutTurns leaves out what would end an isolation or begin another: but for marks, which
// turn nothing after them.
func withoutTurns(c rune) rune {
	if c >= 0x202A && c <= 0x202E || c >= 0x2066 && c <= 0x2069 {
		return -1
	}
	return c
}
