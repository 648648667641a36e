package main

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// imagesPage is the table of the pictures that pass the filters.
type imagesPage struct {
	imageList
	Filter    store.Filter   `json:"-"`
	Person    *lineup.Person `json:"-"` // of the filter, nil for all
	Choices   []choice       `json:"-"` // of the status
	AllPeople string         `json:"-"` // URL of the table without the filter by person
	Any       string         `json:"-"` // URL of the table without a filter, empty on it
	Grid      bool           `json:"-"` // pictures, not rows
	Switch    string         `json:"-"` // URL of the other of the two
	CSV       string         `json:"-"` // URLs of what is shown, as a file
	JSON      string         `json:"-"`
	Here      string         `json:"-"` // this page, for a form to lead back to
}

// choice is a link to the table with another status filter.
type choice struct {
	Label, URL string
	Current    bool
	Count      string // of pictures, empty where another filter makes it untrue
}

// Failed tells the template that pictures are shown that can be tried again.
func (p imagesPage) Failed() bool { return p.Filter.Status.IsFailure() }

// NoTime tells the template that nothing is between the days of the filter.
func (p imagesPage) NoTime() bool {
	since, until := p.Filter.Since, p.Filter.Until
	return !since.IsZero() && !until.IsZero() && !since.Before(until)
}

func (v *view) images(r *http.Request) (page, error) {
	q, err := parseQuery(r)
	if err != nil {
		return page{}, err
	}
	content, err := v.imagesPage(r, q)
	return page{template: "images", title: "Pictures", content: content, csv: func(w http.ResponseWriter) { writeCSV(w, content.Images) }}, err
}

func (v *view) imagesPage(r *http.Request, q query) (content imagesPage, err error) {
	f, err := q.filter(v.options)
	if err != nil {
		return content, err
	}
	content = imagesPage{
		Filter:    f,
		AllPeople: q.with("person", "", "before", ""),
		Grid:      q.values.Get("as") == "grid",
		CSV:       q.with(doneParameter, "", "format", "csv"),
		JSON:      q.with(doneParameter, "", "format", "json"),
		Here:      q.with(doneParameter, ""),
	}
	content.Switch = q.with("as", "grid")
	if content.Grid {
		content.Switch = q.with("as", "")
	}
	if f != (store.Filter{Before: f.Before, Limit: f.Limit}) {
		content.Any = "/"
	}
	if f.Person != 0 {
		if content.Person, err = v.personOf(r, f.Person); err != nil {
			return content, err
		}
	}
	if chosen := q.values["image"]; len(chosen) > 0 {
		content.Any = "/"
		content.imageList, err = v.chosenImages(r, q, v.options.MaxPageSize, "MAX_PAGE_SIZE")
	} else {
		content.imageList, err = v.readImages(r, q, f)
	}
	if err != nil {
		return content, err
	}
	content.Choices, err = v.choices(r, q, f)
	return content, err
}

// personOf is the person of a filter.
func (v *view) personOf(r *http.Request, id int64) (*lineup.Person, error) {
	profile, err := v.db.Person(r.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, badRequest(fmt.Sprintf("There is no person with the id %d. The people are at /people.", id))
	}
	return &profile.Person, err
}

// choices are the statuses to choose from, each with how many pictures have it.
func (v *view) choices(r *http.Request, q query, f store.Filter) ([]choice, error) {
	list := []choice{{Label: "all", URL: q.with("status", "", "before", ""), Current: f.Status == ""}}
	for _, status := range lineup.Statuses {
		list = append(list, choice{Label: string(status), URL: q.with("status", string(status), "before", ""), Current: status == f.Status})
	}
	if serve.WantsJSON(r) || f != (store.Filter{Status: f.Status, Before: f.Before, Limit: f.Limit}) {
		return list, nil
	}
	counts, err := v.db.PictureCounts(r.Context())
	list[0].Count = strconv.FormatInt(counts.All(), 10)
	for i, status := range lineup.Statuses {
		list[i+1].Count = strconv.FormatInt(counts.Of[string(status)], 10)
	}
	return list, err
}
