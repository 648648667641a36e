package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// jsonSpace is what may stand between JSON's tokens.
const jsonSpace = " \t\r\n"

// eachMember calls do with the name, in its quotation marks, and the value of each member of an object, which must be
// well-formed JSON, until that fails.
func eachMember(object []byte, do func(name, value []byte) error) error {
	rest := bytes.TrimLeft(object, jsonSpace)[1:]
	for {
		rest = bytes.TrimLeft(rest, jsonSpace+",")
		if rest[0] == '}' {
			return nil
		}
		name := rest[:valueEnd(rest)]
		rest = bytes.TrimLeft(rest[len(name):], jsonSpace)
		rest = bytes.TrimLeft(rest[1:], jsonSpace) // behind the colon
		value := rest[:valueEnd(rest)]
		rest = rest[len(value):]
		if err := do(name, value); err != nil {
			return err
		}
	}
}

// valueEnd is where the value ends that well-formed JSON begins with.
func valueEnd(text []byte) int {
	if text[0] != '"' && text[0] != '{' && text[0] != '[' {
		return bytes.IndexAny(text, jsonSpace+",}]")
	}
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += stringEnd(text[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(text)
}

// stringEnd is where the string ends that well-formed JSON begins with.
func stringEnd(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++ // what follows is no end of the string
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// textOf is what a string of well-formed JSON says.
func textOf(quoted []byte) (text string, err error) {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	err = json.Unmarshal(quoted, &text)
	return text, err
}

// fewMembers are compared each with each; more are left to DuplicateField, which needs a map.
const fewMembers = 8

// repeats tells whether DuplicateField names a field of the outermost object of well-formed JSON, sooner where it has few.
func repeats(body []byte) bool {
	if !bytes.HasPrefix(bytes.TrimLeft(body, jsonSpace), []byte("{")) {
		return false
	}
	names := make([]string, 0, fewMembers)
	err := eachMember(body, func(quoted, _ []byte) error {
		name, err := textOf(quoted)
		for _, other := range names {
			if strings.EqualFold(name, other) {
				return errPerhaps
			}
		}
		if len(names) == fewMembers {
			return errPerhaps
		}
		names = append(names, name)
		return err
	})
	return err != nil && DuplicateField(body, 0) != ""
}

var errPerhaps = errors.New("perhaps a field stands twice")
