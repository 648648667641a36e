package main

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// searchPage is what begins with what was asked for.
type searchPage struct {
	Query  string          `json:"-"`
	People []store.Profile `json:"people"`
	Images []lineup.Image  `json:"images"` // that of the id first, then the newest
	ID     int64           `json:"-"`      // of a picture, where that was asked for, else 0
	More   string          `json:"-"`      // URL of all pictures found, empty where these are all
}

// foundAtOnce is how many people and pictures a search shows.
const foundAtOnce = 24

func (v *view) search(r *http.Request) (page, error) {
	q, err := parseQuery(r)
	if err != nil {
		return page{}, err
	}
	content := searchPage{Query: strings.TrimSpace(q.values.Get("q")), People: []store.Profile{}, Images: []lineup.Image{}}
	if content.Query != "" {
		if err := v.find(r, &content); err != nil {
			return page{}, err
		}
	}
	return page{template: "search", title: "Search", content: content}, nil
}

func (v *view) find(r *http.Request, found *searchPage) error {
	named := true
	people, _, err := v.db.Profiles(r.Context(), store.PeopleFilter{Named: &named, Query: found.Query, Limit: foundAtOnce})
	if err != nil {
		return err
	}
	found.People = append(found.People, people...)
	if err := v.findID(r, found); err != nil {
		return err
	}
	f, parameters := store.Filter{FileName: found.Query, Limit: foundAtOnce}, url.Values{"q": {found.Query}}
	byPath := func() {
		f, parameters = store.Filter{Path: found.Query, Limit: foundAtOnce}, url.Values{"path": {found.Query}}
	}
	first, next, isDate := daysOf(found.Query)
	switch {
	case isDate:
		f = store.Filter{Since: first, Until: next, Limit: foundAtOnce}
		parameters = url.Values{"since": {first.Format(time.DateOnly)}, "until": {next.Format(time.DateOnly)}}
	case strings.Contains(found.Query, "/"):
		byPath()
	}
	images, more, err := v.db.Images(r.Context(), f)
	if err == nil && len(images) == 0 && f.FileName != "" { // a folder, perhaps
		byPath()
		images, more, err = v.db.Images(r.Context(), f)
	}
	if err != nil {
		return err
	}
	found.Images = append(found.Images, slices.DeleteFunc(images, func(i lineup.Image) bool { return i.ID == found.ID })...)
	if more {
		found.More = "/?" + parameters.Encode()
	}
	return nil
}

// findID finds the picture of an id, as 23 or #23.
func (v *view) findID(r *http.Request, found *searchPage) error {
	id, err := strconv.ParseInt(strings.TrimPrefix(found.Query, "#"), 10, 64)
	if err != nil {
		return nil //nolint:nilerr // it is no id
	}
	image, err := v.db.Image(r.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	found.ID, found.Images = id, append(found.Images, image)
	return nil
}

// daysOf is from when to before when a date is, as 2026-11-28 or 2026-11, or today or yesterday.
func daysOf(text string) (first, next time.Time, is bool) {
	if days, is := map[string]int{"today": 0, "yesterday": 1}[strings.ToLower(text)]; is {
		day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -days)
		return day, day.AddDate(0, 0, 1), true
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, day.AddDate(0, 0, 1), true
	}
	month, err := time.Parse("2006-01", text)
	return month, month.AddDate(0, 1, 0), err == nil
}

func (v *view) adding(*http.Request) (page, error) {
	return page{template: "add", title: "Add pictures", content: struct{}{}}, nil
}
