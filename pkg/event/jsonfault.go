package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// WithoutBOM is the body without a byte order mark, which some systems write before JSON
// and RFC 8259 (section 8.1) lets a reader pass over.
func WithoutBOM(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF")) }

// JSONError says what is wrong with JSON in words for those who wrote it: encoding/json
// tells of a wrong type what Go calls it, and of what is no JSON how its parser came to that.
// Any other error stays as it is.
func JSONError(err error) error {
	syntax, isSyntax := errors.AsType[*json.SyntaxError](err)
	switch {
	case errors.Is(err, io.EOF), isSyntax && syntax.Offset == 0:
		return errors.New("there is no JSON, the body is empty")
	case errors.Is(err, io.ErrUnexpectedEOF), isSyntax && syntax.Error() == "unexpected end of JSON input":
		return errors.New("the JSON ends too early")
	case isSyntax:
		return fmt.Errorf("it is no JSON: byte %d is wrong", syntax.Offset)
	}
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return err
	}
	what := "the JSON"
	if wrong.Field != "" {
		what = wrong.Field
	}
	found, _, _ := strings.Cut(wrong.Value, " ") // a number is followed by itself
	return fmt.Errorf("%s is %s, not %s", what, article(found), article(jsonType(wrong.Type)))
}

// jsonType is what JSON calls a value that becomes one of the Go type.
func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Struct, reflect.Map:
		return "object"
	case reflect.Pointer:
		return jsonType(t.Elem())
	}
	return "number"
}

// kindOf is what JSON calls the value, which must be well-formed and not null.
func kindOf(value json.RawMessage) string {
	switch value[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "bool"
	}
	return "number"
}

func article(noun string) string {
	if strings.HasPrefix(noun, "a") || strings.HasPrefix(noun, "o") {
		return "an " + noun
	}
	return "a " + noun
}

// DuplicateField is the first field that an object of the JSON has twice, the outermost
// or one down to so many levels inside it; the JSON must be well-formed. It is empty for
// none. Decoding would silently take the last. Names that differ in case alone are one
// field, as they are to encoding/json.
func DuplicateField(body []byte, inside int) string {
	type level struct {
		fields map[string]bool // nil in an array
		value  bool            // the next token is a field's value
	}
	var levels []level
	for decoder := json.NewDecoder(bytes.NewReader(body)); ; {
		token, err := decoder.Token()
		if err != nil {
			return "" // the end
		}
		if token == json.Delim('}') || token == json.Delim(']') {
			levels = levels[:len(levels)-1]
			continue
		}
		if len(levels) > 0 {
			top := &levels[len(levels)-1]
			if top.fields != nil && !top.value {
				name := token.(string) // what stands here in well-formed JSON
				folded := strings.ToLower(strings.ToUpper(name))
				if top.fields[folded] && len(levels) <= 1+inside {
					return name
				}
				top.fields[folded], top.value = true, true
				continue
			}
			top.value = false
		}
		switch token {
		case json.Delim('{'):
			levels = append(levels, level{fields: map[string]bool{}})
		case json.Delim('['):
			levels = append(levels, level{})
		}
	}
}

// Fields counts the fields of all objects in well-formed JSON, as they are written: those that stand twice count twice.
// Who knows how many there may be need not ask DuplicateField.
func Fields(body []byte) (fields int) {
	inString := false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inString && c == '\\':
			i++ // what follows is no end of the string
		case c == '"':
			inString = !inString
		case c == ':' && !inString:
			fields++
		}
	}
	return fields
}
