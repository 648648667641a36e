package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// patchPerson names a person, hides them, or gives them a cover.
func (r *receiver) patchPerson(w http.ResponseWriter, request *http.Request) error {
	id, err := pathID(request, "id")
	if err != nil {
		return err
	}
	const example = `{"name": "..."}, {"hidden": true} or {"cover": 7}, a photo's id; "merge": true when whoever has the name is the same person`
	var posted personPosted
	if err := r.readJSON(w, request, &posted, example); err != nil {
		return err
	}
	patch, err := posted.patch()
	if err != nil {
		return err
	}
	if patch.Name == nil && patch.Hidden == nil && patch.Cover == nil {
		return malformed("the body says nothing; send %s", example)
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	profile, err := r.store.PatchPerson(ctx, id, patch, auth.CallerName(ctx))
	if errors.Is(err, store.ErrNobody) {
		return &serve.Problem{Type: serve.ProblemType("nobody"), Status: http.StatusNotFound,
			Detail: fmt.Sprintf("nobody else is called %q: send the name of somebody there is, or no merge to rename", *patch.Name)}
	}
	if err != nil {
		return askToMerge(changeProblem("person, or photo of theirs", err), err)
	}
	r.follower.galleryMoved()
	tellChanges(w, profile.Made...)
	serve.JSON(w, http.StatusOK, profile)
	return nil
}

// personPosted is the body of a PATCH of a person.
type personPosted struct {
	Name   *string         `json:"name"`
	Hidden *bool           `json:"hidden"`
	Cover  json.RawMessage `json:"cover"`
	New    *bool           `json:"new"`
	Merge  bool            `json:"merge"`
}

// patch is what the body asks for, or the problem with it.
func (p personPosted) patch() (store.PersonPatch, error) {
	patch := store.PersonPatch{Hidden: p.Hidden, New: p.New != nil && *p.New, Merge: p.Merge}
	if patch.Merge && (p.Name == nil || patch.New) {
		return patch, malformed(`merge says that whoever has the name is the same person: send it with "name", and without new`)
	}
	if p.New != nil && p.Name == nil {
		return patch, malformed(`new says that somebody else of that name is meant: send it with "name"`)
	}
	if p.Name != nil {
		name, err := personName(*p.Name)
		if err != nil {
			return patch, err
		}
		patch.Name = &name
	}
	if p.Cover != nil {
		patch.Cover = new(int64) // null is none
		if err := json.Unmarshal(p.Cover, patch.Cover); err != nil {
			return patch, malformed("cover is a photo's id, or null")
		}
	}
	return patch, nil
}

// askToMerge is the problem with the question whether the one person who has the name is the
// same.
func askToMerge(problem, err error) error {
	same, ok := errors.AsType[*store.SameSpelling](err)
	if !ok || len(same.People) != 1 {
		return problem
	}
	return sameSpelling(same, fmt.Sprintf("%q, person %d, is called so already: merge? next: send merge=true when the two are one, or new=true for somebody else", same.People[0].Name, same.People[0].ID))
}

// deletePhoto takes a photo of a person out of the gallery. The file stays: it can be undone.
func (r *receiver) deletePhoto(w http.ResponseWriter, request *http.Request) error {
	id, err := pathID(request, "id")
	if err != nil {
		return err
	}
	photo, err := pathID(request, "photo")
	if err != nil {
		return err
	}
	if err := r.readNothing(w, request); err != nil {
		return err
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	change, err := r.store.RemovePhoto(ctx, id, photo, auth.CallerName(ctx))
	if err != nil {
		return changeProblem("photo of that person", err)
	}
	r.log.Info("photo removed", "person", id, "photo", photo, auth.Caller(ctx))
	r.follower.galleryMoved()
	tellChanges(w, change)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// mergePeople makes persons one.
func (r *receiver) mergePeople(w http.ResponseWriter, request *http.Request) error {
	id, others, err := r.readPeople(w, request)
	if err != nil {
		return err
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	profile, err := r.store.MergePeople(ctx, id, others, auth.CallerName(ctx))
	if err != nil {
		return changeProblem("person", err)
	}
	r.log.Info("people merged", "person", id, "people", others, auth.Caller(ctx))
	r.follower.galleryMoved()
	tellChanges(w, profile.Made...)
	serve.JSON(w, http.StatusOK, profile)
	return nil
}

// differentPeople remembers that persons who are alike are not one.
func (r *receiver) differentPeople(w http.ResponseWriter, request *http.Request) error {
	id, others, err := r.readPeople(w, request)
	if err != nil {
		return err
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	change, err := r.store.DifferentPeople(ctx, id, others, auth.CallerName(ctx))
	if err != nil {
		return changeProblem("person", err)
	}
	r.follower.galleryMoved()
	tellChanges(w, change)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readPeople reads a person's id and the others' that the body names.
func (r *receiver) readPeople(w http.ResponseWriter, request *http.Request) (id int64, others []int64, err error) {
	if id, err = pathID(request, "id"); err != nil {
		return 0, nil, err
	}
	const example = `{"people": [7, 8]}`
	var posted struct {
		People []int64 `json:"people"`
	}
	if err := r.readJSON(w, request, &posted, example); err != nil {
		return 0, nil, err
	}
	if len(posted.People) == 0 || len(posted.People) > r.limits.MaxBatch {
		return 0, nil, malformed("the body names %d people, at least one and at most %d (MAX_BATCH) are possible; send %s", len(posted.People), r.limits.MaxBatch, example)
	}
	return id, posted.People, nil
}

// undoChange takes a change back, by another change.
func (r *receiver) undoChange(w http.ResponseWriter, request *http.Request) error {
	id, err := pathID(request, "id")
	if err != nil {
		return err
	}
	var posted struct {
		New bool `json:"new"` // the name may be somebody else's, too
	}
	if err := r.readOptionalJSON(w, request, &posted, `no body, or {"new": true}`); err != nil {
		return err
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	undo := r.store.UndoChange
	if posted.New {
		undo = r.store.UndoChangeAnyway
	}
	change, err := undo(ctx, id, auth.CallerName(ctx))
	if err != nil {
		if same, ok := errors.AsType[*store.SameSpelling](err); ok {
			return sameSpelling(same, fmt.Sprintf("%q, person %d, came by that name since; next: merge the two, give one of them another name, or say that they are two people with {\"new\": true}", same.People[0].Name, same.People[0].ID))
		}
		return changeProblem("change", err)
	}
	r.log.Info("change undone", "change", id, auth.Caller(ctx))
	if r.follower.galleryMoved(); change.Image != nil {
		r.follower.answerChanged(*change.Image)
	}
	tellChanges(w, change.ID)
	return r.answerUndone(w, request, change)
}

// answerUndone has the photos looked at that a change made pending again, waits for that as an
// enrolment does, and answers with what became of them: 202 while one waits.
func (r *receiver) answerUndone(w http.ResponseWriter, request *http.Request, change store.Change) error {
	answer := struct {
		store.Change
		Photos []store.Photo `json:"photos"`
		Detail string        `json:"detail,omitempty"`
	}{change, []store.Photo{}, ""}
	if len(change.Pending) == 0 {
		serve.JSON(w, http.StatusOK, answer)
		return nil
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	published := r.photoHints.publishNew(ctx, change.Pending, event.TraceOfHeader(request.Header).In(ctx))
	photos, err := r.store.Photos(ctx, change.Pending)
	if err != nil {
		return err
	}
	if published && hasPending(photos) {
		r.untilExamined(w, request, &photos)
		r.follower.galleryMoved()
	}
	answer.Photos = append(answer.Photos, photos...)
	status := http.StatusOK
	if hasPending(photos) {
		status, answer.Detail = http.StatusAccepted, whatIsNext(photos[0].PersonID, published)
		w.Header().Set("Location", personURL(photos[0].PersonID))
	}
	serve.JSON(w, status, answer)
	return nil
}
