package main

import (
	"mime"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"lineup.dev/lineup/pkg/store"
)

// fileNameOf is what a body's Content-Disposition calls it (RFC 6266), cleaned.
func fileNameOf(request *http.Request) string {
	_, parameters, err := mime.ParseMediaType(request.Header.Get("Content-Disposition"))
	if err != nil {
		return ""
	}
	return cleanFileName(parameters["filename"])
}

// cleanFileName is what is kept of a name that a client gives: no folders, of any
// system, valid UTF-8, no control characters, none that turn the direction of what
// follows (they make one name look like another), and what fits its column. It is for
// people to read: nothing is ever saved or opened under it.
func cleanFileName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == '\u2028' || c == '\u2029' {
			return -1
		}
		return c
	}, strings.ToValidUTF8(name, "\uFFFD"))
	name = strings.TrimSpace(name)
	if name == "." || name == ".." {
		return ""
	}
	return shortened(name, store.FileNameWidth)
}

// shortened keeps the end of a long name, which tells its kind, and as much of its
// beginning as makes no more bytes than that.
func shortened(name string, most int) string {
	if len(name) <= most {
		return name
	}
	const ellipsis, kept = "…", 16
	end := len(name) - kept
	for !utf8.RuneStart(name[end]) {
		end++
	}
	begin := most - (len(name) - end) - len(ellipsis)
	for !utf8.RuneStart(name[begin]) {
		begin--
	}
	return name[:begin] + ellipsis + name[end:]
}
