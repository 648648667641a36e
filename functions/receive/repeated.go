package main

import (
	"bytes"
	"encoding/json"
	"strings"
)

// repeated is the first field that stands twice in one object of the JSON, which
// must be well-formed; empty for none. Decoding would take the last and say
// nothing. Names that differ in case alone are one field to it.
func repeated(body []byte) string {
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
				if top.fields[folded] {
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
