package main

import (
	"strings"
	"testing"
	"unicode"

	"lineup.dev/lineup/pkg/serve"
)

func TestNamesInAnyScriptAreTakenButNoneThatTurnsWhatFollows(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Anna":                     "",
		"שרה לוי":                  "",
		"\u200fשרה\u200e (Sarah)":  "",
		strings.Repeat("م", 200):   "",
		strings.Repeat("م", 201):   "more than 200 characters",
		"photo\u202egpj.exe":       "U+202A to U+202E",
		"\u2066isolated\u2069":     "U+2066 to U+2069",
		"":                         "name is missing",
		"a\x00b":                   "control character",
		"not \xff text":            "UTF-8",
		"\u200d":                   "", // the store refuses it: nothing of it can be seen
		"  Ann \t of  the   Lake ": "",
	} {
		clean, err := personName(name)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %q, %v, want %q", name, clean, err, want)
		}
	}
}

// What a user is told of a wrong request says what to do, in a sentence of its own: neither
// what the program was about, nor what it calls its parts.
func TestProblemsOfTheAPIAreSentencesForUsers(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	submitted := s.do(t, "/api/v1/images", `{"path": "a.jpg"}`).images(t)
	if len(submitted) != 1 {
		t.Fatal("no picture")
	}
	for what, c := range map[string]struct {
		method, path, body string
		status             int
		says               string
	}{
		"no name":                {"POST", "/people", `{"name": ""}`, 400, "name is missing"},
		"a name nobody can see":  {"POST", "/people", "{\"name\": \"\u200d\"}", 400, "the name has no character that can be seen"},
		"a face's, likewise":     {"POST", "/images/1/faces", "{\"box\": {\"x\": 0, \"y\": 0, \"width\": 1, \"height\": 1}, \"person\": {\"name\": \"\u200d\"}}", 400, "the name has no character that can be seen"},
		"a face that is not":     {"PATCH", "/faces/28", `{"person": null}`, 404, "there is no such face or person"},
		"nothing of a face":      {"PATCH", "/faces/28", `{}`, 400, "the body says nothing"},
		"a contradiction":        {"PATCH", "/faces/28", `{"person": 1, "ignored": true}`, 422, "a face cannot be somebody and also not them"},
		"no JSON":                {"PATCH", "/people/1", `{`, 400, "the body cannot be read: the JSON ends too early"},
		"an unknown field":       {"PATCH", "/people/1", `{"nme": "x"}`, 400, "the body cannot be read: "},
		"nobody to merge":        {"POST", "/people/1/merge", `{"people": []}`, 400, "the body names 0 people"},
		"nobody to merge into":   {"POST", "/people/1/merge", `{"people": [2]}`, 404, "there is no such person"},
		"a change that is not":   {"POST", "/changes/7/undo", ``, 404, "there is no such change"},
		"a picture that is not":  {"DELETE", "/images/99", ``, 404, "there is no such picture"},
		"no picture":             {"POST", "/images", `{"paths": []}`, 400, "the body names no picture"},
		"a photo that is not":    {"DELETE", "/people/1/photos/1", ``, 404, "there is no such photo of that person"},
		"a box outside":          {"POST", "/images/1/faces", `{"box": {"x": 1, "y": 0, "width": 1, "height": 1}}`, 422, "box is a rectangle"},
		"no id":                  {"DELETE", "/images/x", ``, 404, `"x" is no id`},
		"a status that is none":  {"POST", "/images/look", `{"status": "odd"}`, 400, `status: "odd" is none of`},
		"a cover that is no id":  {"PATCH", "/people/1", `{"cover": "x"}`, 400, "cover is a photo's id"},
		"a person that is no id": {"PATCH", "/faces/28", `{"person": true}`, 400, "person is an id"},
	} {
		var problem serve.Problem
		r := s.ask(t, c.method, strings.TrimPrefix(c.path, "/"), c.body, c.status, &problem)
		if !strings.HasPrefix(problem.Detail, c.says) {
			t.Errorf("%s: %d %s, want %d %q", what, r.status, r.body, c.status, c.says)
		}
		for _, inside := range []string{"json:", "sql:", "store.", "main.", "decide face", "add a face", "transaction", "Error 1"} {
			if strings.Contains(problem.Detail, inside) {
				t.Errorf("%s: it says %q, which is inside", what, problem.Detail)
			}
		}
		if strings.ContainsFunc(problem.Detail, unicode.IsControl) {
			t.Errorf("%s: control characters in %q", what, problem.Detail)
		}
	}
}
