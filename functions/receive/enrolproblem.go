package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// noneUsable is the problem that no photo can be used; it carries the person.
func noneUsable(enrolled store.Enrolled, refused []refusedFile) error {
	detail := "none of the photos can be used; each has its reason"
	if len(enrolled.Photos) == 1 && len(refused) == 0 {
		detail = enrolled.Photos[0].Reason
	}
	return explained(http.StatusUnprocessableEntity, "photos-unusable", detail, func(p serve.Problem) any {
		return struct {
			serve.Problem
			store.Profile
			Files []refusedFile `json:"files,omitempty"`
		}{p, enrolled.Person, refused}
	})
}

// likeAnother are those of the photos that are like another named person.
func likeAnother(photos []store.Photo) (like []store.Photo) {
	for _, p := range photos {
		if !p.Counts() && p.Similar != nil {
			like = append(like, p)
		}
	}
	return like
}

// likeAnotherProblem is the problem that a photo is like another named person.
func likeAnotherProblem(enrolled enrolledPhotos, like *store.Similar) error {
	detail := fmt.Sprintf("a photo is like another named person: %q, person %d, by %s with similarity %.2f; add it to that person's photos, or send anyway=true for somebody else",
		like.Person.Name, like.Person.ID, like.ImageName, like.Similarity)
	if slices.ContainsFunc(enrolled.Photos, store.Photo.Counts) {
		detail += ", or others=true to leave out what is like another and add the others"
	}
	return explained(http.StatusConflict, "like-another", detail, func(p serve.Problem) any {
		return struct {
			serve.Problem
			Name   lineup.Name   `json:"name"`
			Photos []store.Photo `json:"photos"`
			Files  []refusedFile `json:"files,omitempty"`
		}{p, enrolled.Person.Name, enrolled.Photos, enrolled.refused}
	})
}

// enrolmentProblem is what the client is told of an error of an enrolment.
func enrolmentProblem(err error) error {
	if same, ok := errors.AsType[*store.SameSpelling](err); ok {
		return sameSpelling(same, same.Error())
	}
	if none, ok := errors.AsType[*store.NoSuchFace](err); ok {
		return explained(http.StatusUnprocessableEntity, "no-such-face", none.Error(), func(p serve.Problem) any {
			return struct {
				serve.Problem
				Photos []store.Photo `json:"photos"`
			}{p, []store.Photo{none.Photo}}
		})
	}
	switch {
	case errors.Is(err, store.ErrOtherPerson):
		return &serve.Problem{Status: http.StatusConflict, Detail: "one of the photos is already another person's; merge the two if they are one"}
	case errors.Is(err, store.ErrErasing):
		return &serve.Problem{Type: serve.ProblemType("erasing"), Status: http.StatusConflict, Detail: store.ErrErasing.Error()}
	case errors.Is(err, store.ErrNameless):
		return &serve.Problem{Status: http.StatusBadRequest, Detail: store.ErrNameless.Error()}
	case errors.Is(err, store.ErrNotFound):
		return &serve.Problem{Status: http.StatusNotFound, Detail: "there is no such person"}
	}
	return err
}

// sameSpelling is the problem that others have the name; it carries them.
func sameSpelling(same *store.SameSpelling, detail string) error {
	return explained(http.StatusConflict, "same-spelling", detail, func(p serve.Problem) any {
		return struct {
			serve.Problem
			People []lineup.Person `json:"people"`
		}{p, same.People}
	})
}
