package main

import (
	"errors"
	"fmt"
	"net/http"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// imagesPage is the table of the pictures that pass the filters.
type imagesPage struct {
	imageList
	Status    lineup.Status  `json:"-"` // of the filter, empty for all
	Person    *lineup.Person `json:"-"` // of the filter, nil for all
	Choices   []choice       `json:"-"` // of the status
	AllPeople string         `json:"-"` // URL of the table without the filter by person
}

// choice is a link to the table with another status filter.
type choice struct {
	Label, URL string
	Current    bool
}

func (v *view) images(r *http.Request) (page, error) {
	q, err := parseQuery(r)
	if err != nil {
		return page{}, err
	}
	f, err := q.filter(v.options)
	if err != nil {
		return page{}, err
	}
	content := imagesPage{Status: f.Status, Choices: choices(q, f.Status), AllPeople: q.with("person", "", "before", "")}
	if f.Person != 0 {
		profile, err := v.db.Person(r.Context(), f.Person)
		if errors.Is(err, store.ErrNotFound) {
			return page{}, badRequest(fmt.Sprintf("There is no person with the id %d. The people are at /people.", f.Person))
		}
		if err != nil {
			return page{}, err
		}
		content.Person = &profile.Person
	}
	content.imageList, err = v.readImages(r, q, f)
	if err != nil {
		return page{}, err
	}
	return page{template: "images", title: "Pictures", content: content}, nil
}

func choices(q query, current lineup.Status) []choice {
	list := []choice{{"all", q.with("status", "", "before", ""), current == ""}}
	for _, status := range lineup.Statuses {
		list = append(list, choice{string(status), q.with("status", string(status), "before", ""), status == current})
	}
	return list
}
