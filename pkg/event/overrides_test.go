package event_test

import (
	"maps"
	"strings"
	"testing"

	"lineup.dev/lineup/pkg/event"
)

func TestOverrides(t *testing.T) {
	for what, test := range map[string]struct {
		value string
		want  event.Overrides
		bad   bool
	}{
		"nothing":                    {value: ""},
		"an empty object":            {value: "{}"},
		"two extensions":             {value: `{"extensions":{"a":"1","b":"2"}}`, want: event.Overrides{"a": "1", "b": "2"}},
		"a member that there is not": {value: `{"extension":{"a":"1"}}`, bad: true},
		"more behind it":             {value: `{"extensions":{"a":"1"}} {}`, bad: true},
		"no JSON":                    {value: "a=1", bad: true},
		"a value that is no text":    {value: `{"extensions":{"a":1}}`, bad: true},
		"the name of an attribute":   {value: `{"extensions":{"source":"x"}}`, bad: true},
		"a name with a dash":         {value: `{"extensions":{"my-name":"x"}}`, bad: true},
		"a value that ends a header": {value: `{"extensions":{"a":"x\r\ny"}}`, bad: true},
	} {
		var got event.Overrides
		err := got.Decode(test.value)
		if (err != nil) != test.bad || !maps.Equal(got, test.want) {
			t.Errorf("%s: %v, %v; want %v, error %v", what, got, err, test.want, test.bad)
		}
		if err != nil && strings.Contains(err.Error(), "Go ") {
			t.Errorf("%s: %v, want an error in the words of JSON", what, err)
		}
	}
}
