package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// maxName is the width of person.name, in characters.
const maxName = store.PersonNameWidth

// postPeople enrols somebody: a name, or photos of the person of that name. Sent again,
// the same request completes one that failed half-way.
func (r *receiver) postPeople(w http.ResponseWriter, request *http.Request) error {
	mediaType, _, _ := mime.ParseMediaType(request.Header.Get("Content-Type"))
	if mediaType == "application/json" {
		return r.postName(w, request)
	}
	return r.enrolPhotos(w, request, func(_ context.Context, f form) (store.Enrolment, error) {
		name, err := personName(f.values["name"])
		return store.Enrolment{Name: name}, err
	}, "name", "new")
}

// postPersonPhotos enrols photos of the person with that id.
func (r *receiver) postPersonPhotos(w http.ResponseWriter, request *http.Request) error {
	id, err := strconv.ParseInt(request.PathValue("id"), 10, 64)
	if err != nil || id <= 0 {
		return &serve.Problem{Status: http.StatusNotFound, Detail: "a person's id is a number above 0"}
	}
	return r.enrolPhotos(w, request, func(ctx context.Context, _ form) (store.Enrolment, error) {
		person, err := r.store.Person(ctx, id)
		return store.Enrolment{Name: person.Name, PersonID: id}, err
	})
}

// postName enrols somebody of whom there is no photo yet.
func (r *receiver) postName(w http.ResponseWriter, request *http.Request) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, r.limits.MaxBody))
	if err != nil {
		return bodyError(err)
	}
	var posted struct {
		Name string `json:"name"`
		New  bool   `json:"new"`
	}
	decoder := json.NewDecoder(bytes.NewReader(event.WithoutBOM(body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&posted); err != nil {
		return malformed(`%s; send {"name": "..."}`, strings.TrimPrefix(event.JSONError(err).Error(), "json: "))
	}
	name, err := personName(posted.Name)
	if err != nil {
		return err
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	enrolled, err := r.store.Enrol(ctx, store.Enrolment{Name: name, New: posted.New, By: auth.CallerName(ctx)})
	if err != nil {
		return enrolmentProblem(err)
	}
	r.log.Info("person enrolled", "person", enrolled.Person.ID, auth.Caller(ctx))
	return r.answerEnrolment(w, request, enrolled)
}

// personName normalises a name, so that two spellings that look the same are the
// same person.
func personName(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", malformed("name is not valid UTF-8")
	}
	name = strings.Join(strings.Fields(norm.NFC.String(name)), " ")
	switch {
	case name == "":
		return "", malformed("name is missing")
	case utf8.RuneCountInString(name) > maxName:
		return "", malformed("name has more than %d characters", maxName)
	case strings.ContainsFunc(name, unicode.IsControl):
		return "", malformed("name has a control character")
	}
	return name, nil
}

// imageName is a photo's name in the gallery: readable, a plain file name whatever
// the person is called, and the same for the same person and photo.
func imageName(name string, u upload) string {
	const maxReadable = 40 // characters kept of the person's name
	var readable strings.Builder
	for i, c := range []rune(name) {
		if i == maxReadable {
			break
		}
		if !unicode.IsLetter(c) && !unicode.IsMark(c) && !unicode.IsDigit(c) {
			c = '_'
		}
		readable.WriteRune(unicode.ToLower(c))
	}
	return fmt.Sprintf("%s-%s.%s", readable.String(), u.hash[:16], u.extension)
}
