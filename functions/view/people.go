package main

import (
	"net/http"
	"slices"

	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// peoplePage is one page of the list of people.
type peoplePage struct {
	People []store.Profile `json:"people"` // in the order in which they were added, unless ?sort= says
	Next   *string         `json:"next"`   // URL path and query of the next page, null on the last
	First  string          `json:"-"`      // URL of the first page, empty on it
	Query  string          `json:"-"`      // what their names begin with
	Sort   string          `json:"-"`      // the order, for the search to keep
	Hidden bool            `json:"-"`      // those who are hidden, not the others
	Orders []choice        `json:"-"`      // to choose from
	Switch string          `json:"-"`      // URL of the hidden ones, or of the others
	Alike  *pair           `json:"-"`      // who could be one, nil for nobody
	Here   string          `json:"-"`      // this page, for a form to lead back to
}

// pair are two persons who could be one.
type pair struct {
	One, Other store.Profile
	Similarity float64
	More       int // pairs behind this one
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
	if f.Order, err = q.peopleOrder(); err != nil {
		return page{}, err
	}
	people, next, err := v.pageOfPeople(r, f)
	if err != nil {
		return page{}, err
	}
	content := peoplePage{People: append([]store.Profile{}, people...)} // none is [] in JSON, not null
	if next != 0 {
		content.Next = q.next("after", next)
	}
	if f.After != 0 {
		content.First = q.with("after", "", doneParameter, "")
	}
	content.addChoices(q, f)
	if !serve.WantsJSON(r) && v.receive.allowed && !content.Hidden {
		content.Alike, err = v.alike(r, people)
	}
	return page{template: "people", title: "People", content: content}, err
}

// bySeen is the order of who was seen last.
const bySeen store.PeopleOrder = "seen"

// pageOfPeople gives one page of the list, and after what the next begins; 0 where none does.
func (v *view) pageOfPeople(r *http.Request, f store.PeopleFilter) (people []store.Profile, next int64, err error) {
	if f.Order == bySeen {
		return v.db.LastSeen(r.Context(), f)
	}
	people, more, err := v.db.Profiles(r.Context(), f)
	if err == nil && more {
		next = people[len(people)-1].ID
	}
	return people, next, err
}

// addChoices adds what else the list can be.
func (p *peoplePage) addChoices(q query, f store.PeopleFilter) {
	p.Query, p.Sort = f.Query, string(f.Order)
	p.Hidden = f.Hidden != nil && *f.Hidden
	p.Here = q.with(doneParameter, "")
	p.Switch = q.with("hidden", "true", "after", "", doneParameter, "")
	if p.Hidden {
		p.Switch = q.with("hidden", "", "after", "", doneParameter, "")
	}
	for _, order := range []struct {
		label string
		order store.PeopleOrder
	}{{"first added", store.FirstAdded}, {"newest", store.LastAdded}, {"by name", store.ByName}, {"most pictures", store.InMost}, {"last seen", bySeen}} {
		p.Orders = append(p.Orders, choice{Label: order.label, URL: q.with("sort", string(order.order), "after", "", doneParameter, ""), Current: order.order == f.Order})
	}
}

// peopleOrder is the order asked for.
func (q query) peopleOrder() (store.PeopleOrder, error) {
	order := store.PeopleOrder(q.values.Get("sort"))
	if !slices.Contains([]store.PeopleOrder{store.FirstAdded, store.LastAdded, store.ByName, store.InMost, bySeen}, order) {
		return "", badRequest("The order " + string(order) + " is none: sort is name, newest, pictures, seen, or absent for the order in which people were added.")
	}
	return order, nil
}

// alike are the two of these people who could be one and are the most alike.
func (v *view) alike(r *http.Request, people []store.Profile) (*pair, error) {
	listed := make([]int64, len(people))
	for i, p := range people {
		listed[i] = p.ID
	}
	pairs, err := v.db.AlikeAmong(r.Context(), listed, v.options.SimilarLeast)
	if err != nil || len(pairs) == 0 {
		return nil, err
	}
	first := pairs[0]
	return &pair{
		people[slices.Index(listed, first.One)], people[slices.Index(listed, first.Other)],
		first.Similarity, len(pairs) - 1,
	}, nil
}
