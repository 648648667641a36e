package event

import (
	"bytes"
	"encoding/json"
	"strings"
)

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
