package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// maxName is the width of person.name, in characters.
const maxName = store.PersonNameWidth

// postPeople adds a known person, or photos to the person of that name. Rows are
// written first, so that every photo in the gallery has one. Sent again, the same
// request completes one that failed half-way.
func (r *receiver) postPeople(w http.ResponseWriter, request *http.Request) error {
	release, err := r.uploads.reserve(request, r.limits.MaxUpload)
	if err != nil {
		return err
	}
	defer release()
	f, err := r.readForm(w, request, "photo", "name")
	if err != nil {
		return err
	}
	name, err := personName(f.values["name"])
	if err != nil {
		return err
	}
	if len(f.uploads) == 0 {
		return malformed("it holds no photo; send one or more fields named photo")
	}
	imageNames := make([]string, len(f.uploads))
	for i, u := range f.uploads {
		if u.err != nil {
			return u.err
		}
		imageNames[i] = imageName(name, u)
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	person, err := r.store.AddPerson(ctx, name, imageNames)
	if errors.Is(err, store.ErrOtherPerson) {
		return &serve.Problem{Status: http.StatusConflict, Detail: "one of the photos is already another person's"}
	}
	if err != nil {
		return err
	}
	for i, u := range f.uploads {
		if err := r.gallery.Save(ctx, imageNames[i], u.body); err != nil {
			return fmt.Errorf("%w: %w", errSave, err)
		}
	}
	r.log.Info("person added", "person", person.ID, "photos", len(imageNames), auth.Caller(ctx))
	serve.JSON(w, http.StatusOK, person)
	return nil
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
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			c = '_'
		}
		readable.WriteRune(unicode.ToLower(c))
	}
	return fmt.Sprintf("%s-%s.%s", readable.String(), u.hash[:16], u.extension)
}
