package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// postFace puts a face into a picture that was not found.
func (r *receiver) postFace(w http.ResponseWriter, request *http.Request) error {
	id, err := pathID(request, "id")
	if err != nil {
		return err
	}
	var posted struct {
		Box    *lineup.Box     `json:"box"`
		Person json.RawMessage `json:"person"`
	}
	if err := r.readJSON(w, request, &posted, `{"box": {"x": 0.1, "y": 0.1, "width": 0.2, "height": 0.2}, "person": 7}`); err != nil {
		return err
	}
	if err := checkBox(posted.Box); err != nil {
		return err
	}
	var d store.FaceDecision
	if err := readPerson(posted.Person, &d); err != nil {
		return err
	}
	d.TakeBack = false // there is nothing yet
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	added, err := r.store.AddFace(ctx, id, *posted.Box, d, auth.CallerName(ctx))
	if err != nil {
		return changeProblem("picture or person", err)
	}
	r.log.Info("face added", "image", id, auth.Caller(ctx))
	r.follower.answerChanged(id)
	tellChanges(w, added.Change)
	w.Header().Set("Location", imageURL(id))
	i := slices.IndexFunc(added.Faces, func(f lineup.Face) bool { return f.ID == added.Face })
	if i < 0 { // none is shown before the picture was looked at
		serve.JSON(w, http.StatusCreated, added.Image)
		return nil
	}
	serve.JSON(w, http.StatusCreated, added.Faces[i])
	return nil
}

// checkBox refuses one that is not in the picture, or that nobody could see.
func checkBox(b *lineup.Box) error {
	const (
		slack = 1e-9 // of rounding
		least = 1e-4 // a pixel of ten thousand
	)
	if b == nil || !(b.X >= 0 && b.Y >= 0 && b.Width >= least && b.Height >= least && b.X+b.Width <= 1+slack && b.Y+b.Height <= 1+slack) {
		return &serve.Problem{Status: http.StatusUnprocessableEntity, Detail: "box is a rectangle in the picture: x, y, width and height as fractions of its width and height, a side 0.0001 at least"}
	}
	return nil
}

// patchFace says whose a face is, or is not, or that it is nobody's business.
func (r *receiver) patchFace(w http.ResponseWriter, request *http.Request) error {
	id, err := pathID(request, "id")
	if err != nil {
		return err
	}
	const example = `{"person": 7}, {"person": {"name": "..."}}, {"person": null}, {"not": [7]} or {"ignored": true}`
	var posted struct {
		Person  json.RawMessage `json:"person"`
		Not     *[]int64        `json:"not"`
		Ignored *bool           `json:"ignored"`
	}
	if err := r.readJSON(w, request, &posted, example); err != nil {
		return err
	}
	d := store.FaceDecision{Not: posted.Not, Ignored: posted.Ignored}
	if err := readPerson(posted.Person, &d); err != nil {
		return err
	}
	if posted.Person == nil && d.Not == nil && d.Ignored == nil {
		return malformed("the body says nothing; send %s", example)
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	decided, err := r.store.DecideFace(ctx, id, d, auth.CallerName(ctx))
	if err != nil {
		return changeProblem("face or person", err)
	}
	r.log.Info("face decided", "face", id, "image", decided.ID, auth.Caller(ctx))
	r.follower.answerChanged(decided.ID)
	tellChanges(w, decided.Change)
	i := slices.IndexFunc(decided.Faces, func(f lineup.Face) bool { return f.ID == id })
	if i < 0 { // it is shown no more: the picture was looked at meanwhile
		return changeProblem("face", store.ErrNotFound)
	}
	serve.JSON(w, http.StatusOK, decided.Faces[i])
	return nil
}

// readPerson reads whom a face is given to: an id, the name of somebody, or null to take
// that back. Absent it says nothing.
func readPerson(text json.RawMessage, d *store.FaceDecision) error {
	if text == nil {
		return nil
	}
	if string(text) == "null" {
		d.TakeBack = true
		return nil
	}
	var id int64
	if err := json.Unmarshal(text, &id); err == nil {
		d.Person = &id
		return nil
	}
	var named struct {
		Name *string `json:"name"`
	}
	strict := json.NewDecoder(bytes.NewReader(text))
	strict.DisallowUnknownFields() // as an id: whoever sends one beside a name means that person
	if err := strict.Decode(&named); err != nil || named.Name == nil {
		return malformed(`person is an id, {"name": "..."} for somebody by name, or null`)
	}
	name, err := personName(*named.Name)
	d.NewName = &name
	return err
}
