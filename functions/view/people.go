package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// peoplePage is one page of the list of people.
type peoplePage struct {
	People []lineup.Person `json:"people"` // in the order in which they were added
	Next   *string         `json:"next"`   // URL path and query of the next page, null on the last
	First  string          `json:"-"`      // URL of the first page, empty on it
}

func (v *view) people(r *http.Request) (page, error) {
	q, err := parseQuery(r)
	if err != nil {
		return page{}, err
	}
	after, err := q.id("after")
	if err != nil {
		return page{}, err
	}
	limit, err := q.limit(v.options)
	if err != nil {
		return page{}, err
	}
	people, more, err := v.db.People(r.Context(), after, limit)
	if err != nil {
		return page{}, err
	}
	content := peoplePage{People: append([]lineup.Person{}, people...)} // none is [] in JSON, not null
	if more {
		content.Next = q.next("after", people[len(people)-1].ID)
	}
	if after != 0 {
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
		return page{}, notFound(fmt.Sprintf("There is no person with the id %d. The people are at /people.", id))
	}
	if err != nil {
		return page{}, err
	}
	list, err := v.readImages(r, q, store.Filter{Person: id})
	if err != nil {
		return page{}, err
	}
	return page{
		template:  "person",
		title:     profile.Name,
		refreshes: list.Newest == "" && slices.ContainsFunc(list.Images, changes),
		content:   personPage{profile, list},
	}, nil
}
