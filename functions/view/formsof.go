package main

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The forms of each page by their names.
var (
	formsOfImages = map[string]form{
		"look":   {calls: each("image", lookAgain), looks: true},
		"delete": {calls: each("image", deletePicture)},
		"name":   {calls: each("image", nameOnlyFace)},
		"undo":   {calls: undoChanges},
	}
	formsOfImage = map[string]form{
		"look":   {calls: single(http.MethodPost, "images/{id}/look", nil), looks: true},
		"delete": {calls: single(http.MethodDelete, "images/{id}", nil), then: "/"},
		"draw":   {calls: single(http.MethodPost, "images/{id}/faces", drawnFace)},
		"is":     {calls: each("face", isPerson)},
		"not":    {calls: each("face", isNot)},
		"ignore": {calls: each("face", ignore(true))},
		"attend": {calls: each("face", ignore(false))},
		"undo":   {calls: undoChanges},
		"back":   {calls: each("face", takeBack)},
		"merge":  {calls: each("into", mergeInto)},
	}
	formsOfPeople = map[string]form{
		"enrol":     {upload: "people", then: "/people/{id}"},
		"merge":     {calls: each("into", mergeInto)},
		"different": {calls: each("into", sayDifferent)},
		"undo":      {calls: undoChanges},
	}
	formsOfPerson = map[string]form{
		"name":      {calls: single(http.MethodPatch, "people/{id}", rename), then: "/people/{id}"},
		"hide":      {calls: single(http.MethodPatch, "people/{id}", hide(true))},
		"list":      {calls: single(http.MethodPatch, "people/{id}", hide(false))},
		"cover":     {calls: single(http.MethodPatch, "people/{id}", chooseCover)},
		"photo":     {upload: "people/{id}/photos"},
		"remove":    {calls: removePhoto},
		"merge":     {calls: single(http.MethodPost, "people/{id}/merge", otherPeople), then: "/people/{id}"},
		"different": {calls: single(http.MethodPost, "people/{id}/different", otherPeople)},
		"erase":     {calls: single(http.MethodDelete, "people/{id}", nil), then: "/erasures/{id}"},
		"is":        {calls: each("face", isPerson)},
		"not":       {calls: each("face", isNot)},
		"undo":      {calls: undoChanges},
	}
	formsOfActivity = map[string]form{
		"undo": {calls: undoChanges},
		"look": {calls: lookAtFailed, looks: true},
	}
	formsOfAdding = map[string]form{
		"upload": {upload: "images", adds: true},
		"path":   {calls: single(http.MethodPost, "images", postPath), adds: true},
	}
)

func lookAgain(id int64, _ url.Values) (call, error) {
	return call{method: http.MethodPost, path: fmt.Sprintf("images/%d/look", id)}, nil
}

func deletePicture(id int64, _ url.Values) (call, error) {
	return call{method: http.MethodDelete, path: fmt.Sprintf("images/%d", id)}, nil
}

func lookAtFailed(string, url.Values) ([]call, error) {
	return []call{{method: http.MethodPost, path: "images/look", body: map[string]any{"filter": map[string]string{"status": "failed"}}}}, nil
}

// nameOnlyFace says whose the one face of a picture is.
func nameOnlyFace(image int64, fields url.Values) (call, error) {
	face, err := strconv.ParseInt(fields.Get(fmt.Sprintf("face-%d", image)), 10, 64)
	if err != nil {
		return call{fault: badRequest("It does not show one face: say on its page whose its faces are.")}, nil
	}
	return isPerson(face, fields)
}

func isPerson(face int64, fields url.Values) (call, error) {
	person, err := who(fields)
	return call{method: http.MethodPatch, path: fmt.Sprintf("faces/%d", face), body: map[string]any{"person": person}}, err
}

func takeBack(face int64, _ url.Values) (call, error) {
	return call{method: http.MethodPatch, path: fmt.Sprintf("faces/%d", face), body: map[string]any{"person": nil}}, nil
}

// isNot says who a face is not. Those that it was said not to be before are among them, in
// the same field, or of several faces each in one of its own.
func isNot(face int64, fields url.Values) (call, error) {
	not, err := ids(fields, "not")
	if before := fmt.Sprintf("not-%d", face); err == nil && fields.Has(before) {
		var also []int64
		also, err = ids(fields, before)
		not = append(not, also...)
	}
	return call{method: http.MethodPatch, path: fmt.Sprintf("faces/%d", face), body: map[string]any{"not": not}}, err
}

func ignore(value bool) func(int64, url.Values) (call, error) {
	return func(face int64, _ url.Values) (call, error) {
		return call{method: http.MethodPatch, path: fmt.Sprintf("faces/%d", face), body: map[string]any{"ignored": value}}, nil
	}
}

// undoChanges takes changes back, the newest first: those before may be what it builds upon. Where somebody
// else came by a name since, new says that they are two.
func undoChanges(_ string, fields url.Values) ([]call, error) {
	changes, err := ids(fields, "change")
	if err != nil {
		return nil, err
	}
	var calls []call
	for _, change := range slices.Backward(slices.Sorted(slices.Values(changes))) {
		undo := call{method: http.MethodPost, path: fmt.Sprintf("changes/%d/undo", change)}
		if fields.Get("new") != "" {
			undo.body = map[string]any{"new": true}
		}
		calls = append(calls, undo)
	}
	return calls, nil
}

func mergeInto(into int64, fields url.Values) (call, error) {
	others, err := otherPeople(fields)
	return call{method: http.MethodPost, path: fmt.Sprintf("people/%d/merge", into), body: others}, err
}

func sayDifferent(one int64, fields url.Values) (call, error) {
	others, err := otherPeople(fields)
	return call{method: http.MethodPost, path: fmt.Sprintf("people/%d/different", one), body: others}, err
}

func otherPeople(fields url.Values) (any, error) {
	others, err := ids(fields, "person")
	return map[string]any{"people": others}, err
}

// rename names or renames. Where somebody has that name already, new says that they are two,
// and merge that they are one.
func rename(fields url.Values) (any, error) {
	body := map[string]any{"name": strings.TrimSpace(fields.Get("name"))}
	for _, also := range []string{"new", "merge"} {
		if fields.Get(also) != "" {
			body[also] = true
		}
	}
	return body, nil
}

func hide(value bool) func(url.Values) (any, error) {
	return func(url.Values) (any, error) { return map[string]any{"hidden": value}, nil }
}

func chooseCover(fields url.Values) (any, error) {
	photo, err := ids(fields, "photo")
	if err != nil {
		return nil, err
	}
	return map[string]any{"cover": photo[0]}, nil
}

func removePhoto(person string, fields url.Values) ([]call, error) {
	photos, err := ids(fields, "photo")
	if err != nil {
		return nil, err
	}
	return []call{{method: http.MethodDelete, path: fmt.Sprintf("people/%s/photos/%d", person, photos[0])}}, nil
}

// drawnFace is a box that a hand drew, in fractions of the picture.
func drawnFace(fields url.Values) (any, error) {
	box := map[string]float64{}
	for _, side := range []string{"x", "y", "width", "height"} {
		value, err := strconv.ParseFloat(fields.Get(side), 64)
		if err != nil {
			return nil, badRequest("No face is drawn. Draw a box around it, or give its place in percent.")
		}
		box[side] = value / 100
	}
	body := map[string]any{"box": box}
	if person, err := who(fields); err == nil {
		body["person"] = person
	}
	return body, nil
}

func postPath(fields url.Values) (any, error) {
	path := strings.TrimSpace(fields.Get("path"))
	if path == "" {
		return nil, badRequest("No path is given. Write the path of a picture, or of a folder with a slash at its end.")
	}
	return map[string]string{"path": path}, nil
}
