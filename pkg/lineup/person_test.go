package lineup_test

import (
	"encoding/json"
	"testing"

	"lineup.dev/lineup/pkg/lineup"
)

func TestPersonOf(t *testing.T) {
	for name, c := range map[string]struct{ photo, person string }{
		"a plain name":                            {"ruby.jpg", "ruby"},
		"the original API's number":               {"hannibal_1.jpg", "hannibal"},
		"a number after a dash":                   {"zara-12.png", "zara"},
		"receive's hash":                          {"dad-0123456789abcdef.jpeg", "dad"},
		"only one part goes":                      {"player_1-0123456789abcdef.jpg", "player_1"},
		"a hash of digits":                        {"player_1-0123456789012345.jpg", "player_1"},
		"a number before the end stays":           {"family1_dad_2.jpg", "family1_dad"},
		"a number that belongs to the name stays": {"family1.jpg", "family1"},
		"15 digits of a hash are no hash":         {"dad-0123456789abcde.jpg", "dad-0123456789abcde"},
		"17 are none either":                      {"dad-0123456789abcdef0.jpg", "dad-0123456789abcdef0"},
		"a hash in capitals is none":              {"dad-0123456789ABCDEF.jpg", "dad-0123456789ABCDEF"},
		"no extension":                            {"mom_3", "mom"},
		"the last extension goes":                 {"mom.backup_2.jpg", "mom.backup"},
		"nothing but a number stays":              {"_7.jpg", "_7"},
		"nothing but a hash stays":                {"-0123456789abcdef.jpg", "-0123456789abcdef"},
		"any letters":                             {"josé_2.jpg", "josé"},
		"capitals are other letters":              {"Dad_1.jpg", "Dad"},
		"nothing but an extension stays":          {".jpg", ".jpg"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := lineup.PersonOf(c.photo); got != c.person {
				t.Errorf("%s is a photo of %q, want %q", c.photo, got, c.person)
			}
		})
	}
}

func TestPersonOfPath(t *testing.T) {
	for file, person := range map[string]string{
		"hannibal_1.jpg":        "hannibal",
		"Anna K/IMG_1.jpg":      "Anna K",
		"Anna K/2019/IMG_1.jpg": "Anna K",
		"player_1/x.jpg":        "player_1",
	} {
		if got := lineup.PersonOfPath(file); got != person {
			t.Errorf("%s is a photo of %q, want %q", file, got, person)
		}
	}
}

func TestNobodysNameIsNull(t *testing.T) {
	t.Parallel()
	type around struct {
		lineup.Person
		Hidden bool `json:"hidden"`
	}
	for want, p := range map[string]lineup.Person{
		`{"id":7,"name":null,"hidden":true}`:        {ID: 7},
		`{"id":7,"name":"Ann \"J\"","hidden":true}`: {ID: 7, Name: `Ann "J"`},
	} {
		text, err := json.Marshal(around{p, true})
		var read around
		if err := json.Unmarshal(text, &read); err != nil || read.Person != p {
			t.Errorf("%s is read as %+v, %v", text, read, err)
		}
		if string(text) != want || err != nil {
			t.Errorf("%+v is written as %s, %v, want %s", p, text, err, want)
		}
	}
}
