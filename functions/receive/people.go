package main

import (
	"context"
	"mime"
	"net/http"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/store"
)

// postPeople enrols somebody: a name, or photos of the person of that name. Sent again,
// the same request completes one that failed half-way.
func (r *receiver) postPeople(w http.ResponseWriter, request *http.Request) error {
	mediaType, _, _ := mime.ParseMediaType(request.Header.Get("Content-Type"))
	if mediaType == "application/json" || isAPI(request) && mediaType != "multipart/form-data" {
		return r.postName(w, request)
	}
	return r.enrolPhotos(w, request, func(_ context.Context, f form) (store.Enrolment, error) {
		name, err := personName(f.values["name"])
		return store.Enrolment{Name: name}, err
	}, "name", "new", "ask")
}

// postPersonPhotos enrols photos of the person with that id.
func (r *receiver) postPersonPhotos(w http.ResponseWriter, request *http.Request) error {
	id, err := pathID(request, "id")
	if err != nil {
		return err
	}
	return r.enrolPhotos(w, request, func(ctx context.Context, _ form) (store.Enrolment, error) {
		person, err := r.store.Person(ctx, id)
		return store.Enrolment{Name: string(person.Name), PersonID: id}, err
	})
}

// postName enrols somebody of whom there is no photo yet.
func (r *receiver) postName(w http.ResponseWriter, request *http.Request) error {
	var posted struct {
		Name string `json:"name"`
		New  bool   `json:"new"`
	}
	if err := r.readJSON(w, request, &posted, `{"name": "..."}`); err != nil {
		return err
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
	return r.answerEnrolment(w, enrolledPhotos{Enrolled: enrolled})
}
