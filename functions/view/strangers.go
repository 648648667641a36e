package main

import (
	"net/http"

	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// strangersPage is one page of the list of people without a name.
type strangersPage struct {
	People []store.Profile           `json:"people"` // in the most pictures first
	Next   *string                   `json:"next"`   // URL path and query of the next page, null on the last
	First  string                    `json:"-"`      // URL of the first page, empty on it
	Seen   map[int64][]store.Glimpse `json:"-"`      // faces of each
	Here   string                    `json:"-"`      // this page, for a form to lead back to
}

// glimpsesShown is how many faces of each stranger are shown.
const glimpsesShown = 5

func (v *view) strangers(r *http.Request) (page, error) {
	q, err := parseQuery(r)
	if err != nil {
		return page{}, err
	}
	f := store.PeopleFilter{Named: new(bool), Hidden: new(bool)}
	if f.After, err = q.id("after"); err != nil {
		return page{}, err
	}
	if f.Limit, err = q.limit(v.options); err != nil {
		return page{}, err
	}
	people, more, err := v.db.Profiles(r.Context(), f)
	if err != nil {
		return page{}, err
	}
	content := strangersPage{People: append([]store.Profile{}, people...), Here: q.with(doneParameter, "")}
	if more {
		content.Next = q.next("after", people[len(people)-1].ID)
	}
	if f.After != 0 {
		content.First = q.with("after", "", doneParameter, "")
	}
	if !serve.WantsJSON(r) {
		listed := make([]int64, len(people))
		for i, p := range people {
			listed[i] = p.ID
		}
		content.Seen, err = v.db.Glimpses(r.Context(), listed, glimpsesShown)
	}
	return page{template: "strangers", title: "Strangers", content: content}, err
}
