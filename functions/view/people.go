package main

import (
	"errors"
	"fmt"
	"net/http"

	"lineup.dev/lineup/pkg/store"
)

// peoplePage is one page of the list of people.
type peoplePage struct {
	People []store.Profile `json:"people"` // in the order in which they were added
	Next   *string         `json:"next"`   // URL path and query of the next page, null on the last
	First  string          `json:"-"`      // URL of the first page, empty on it
}

func (v *view) people(r *http.Request) (page, error) {
	q, err := parseQuery(r)
	if err != nil {
		return page{}, err
	}
	f, err := q.peopleFilter(v.options)
	if err != nil {
		return page{}, err
	}
	if f.Named == nil {
		f.Named = new(true)
	}
	people, more, err := v.db.Profiles(r.Context(), f)
	if err != nil {
		return page{}, err
	}
	content := peoplePage{People: append([]store.Profile{}, people...)} // none is [] in JSON, not null
	if more {
		content.Next = q.next("after", people[len(people)-1].ID)
	}
	if f.After != 0 {
		content.First = q.with("after", "")
	}
	return page{template: "people", title: "People", content: content}, nil
}

// personPage is a person's profile with one page of the pictures they are in.
type personPage struct {
	store.Profile
	imageList
}

func (v *view) person(r *http.Request) (page, error) {
	q, err := parseQuery(r)
	if err != nil {
		return page{}, err
	}
	id, ok := pathID(r)
	if !ok {
		return page{}, notFound("A person's id is a whole number. The people are at /people.")
	}
	profile, err := v.db.Person(r.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return page{}, v.orErased(r, notFound(fmt.Sprintf("There is no person with the id %d. The people are at /people.", id)))
	}
	if err != nil {
		return page{}, err
	}
	list, err := v.readImages(r, q, store.Filter{Person: id})
	if err != nil {
		return page{}, err
	}
	return page{template: "person", title: profile.Name, content: personPage{profile, list}, about: store.ChangeFilter{Person: id}}, nil
}
