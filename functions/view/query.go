package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// query is the path and the parameters of a list's URL.
type query struct {
	path   string
	values url.Values
}

func parseQuery(r *http.Request) (query, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return query{}, badRequest("The query cannot be read: a % must be followed by two hexadecimal digits, and parameters are separated by &.")
	}
	return query{r.URL.Path, values}, nil
}

// only refuses parameters that are not among these, and one that stands twice.
func (q query) only(names []string) error {
	for name, values := range q.values {
		if !slices.Contains(names, name) {
			possible := "this address takes none"
			if len(names) > 0 {
				possible = "those of this address are " + strings.Join(names, ", ")
			}
			return badRequest(fmt.Sprintf("The parameter %s is not known: %s.", name, possible))
		}
		if len(values) > 1 {
			return badRequest(fmt.Sprintf("The parameter %s stands twice.", name))
		}
	}
	return nil
}

// filter is which pictures are asked for.
func (q query) filter(o Options) (f store.Filter, err error) {
	if f.Status, err = q.status(); err != nil {
		return f, err
	}
	if f.Person, err = q.id("person"); err != nil {
		return f, err
	}
	f.Path, f.FileName = q.values.Get("path"), q.values.Get("q")
	if f.Since, err = q.time("since"); err != nil {
		return f, err
	}
	if f.Until, err = q.time("until"); err != nil {
		return f, err
	}
	if f.Before, err = q.id("before"); err != nil {
		return f, err
	}
	f.Limit, err = q.limit(o)
	return f, err
}

// peopleFilter is which persons are asked for: unless it says otherwise those not hidden.
func (q query) peopleFilter(o Options) (f store.PeopleFilter, err error) {
	if f.Named, err = q.flag("named"); err != nil {
		return f, err
	}
	if f.Hidden, err = q.flag("hidden"); err != nil {
		return f, err
	}
	if f.Hidden == nil {
		f.Hidden = new(bool)
	}
	f.Query = q.values.Get("q")
	if f.After, err = q.id("after"); err != nil {
		return f, err
	}
	f.Limit, err = q.limit(o)
	return f, err
}

// flag is the parameter as true or false; nil when it is absent or empty.
func (q query) flag(name string) (*bool, error) {
	text := q.values.Get(name)
	if text == "" {
		return nil, nil
	}
	value, err := strconv.ParseBool(text)
	if err != nil {
		return nil, badRequest(fmt.Sprintf("%s=%s cannot be used: it must be true or false.", name, text))
	}
	return &value, nil
}

// is tells whether the parameter is true.
func (q query) is(name string) (bool, error) {
	value, err := q.flag(name)
	return value != nil && *value, err
}

// time is the parameter as a time; the zero time when it is absent or empty.
func (q query) time(name string) (time.Time, error) {
	text := q.values.Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	at, err := lineup.ParseTime(text)
	if err != nil {
		return time.Time{}, badRequest(fmt.Sprintf("%s=%s is not a time of the years 1000 to 9999: write it as 2026-11-27T15:04:05Z, or as a day, 2026-11-27; in a URL + is %%2B.", name, text))
	}
	return at, nil
}

// id is the parameter as a row's id; 0 when it is absent or empty.
func (q query) id(name string) (int64, error) {
	text := q.values.Get(name)
	if text == "" {
		return 0, nil
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, badRequest(fmt.Sprintf("%s=%s is not an id: it must be a whole number above 0.", name, text))
	}
	return id, nil
}

// ids are the ids that a field holds, once or more often, or as a list.
func ids(fields url.Values, name string) ([]int64, error) {
	var all []int64
	for _, text := range fields[name] {
		listed := readIDList(text)
		if listed == nil {
			return nil, badRequest(fmt.Sprintf("%s is not an id. Load the page again.", name))
		}
		all = append(all, listed...)
	}
	if len(all) == 0 {
		return nil, badRequest("Nothing is chosen. Choose something first.")
	}
	return all, nil
}

// similarity is the parameter as a cosine; otherwise when it is absent or empty.
func (q query) similarity(name string, otherwise float64) (float64, error) {
	text := q.values.Get(name)
	if text == "" {
		return otherwise, nil
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || !(value >= -1 && value <= 1) {
		return 0, badRequest(fmt.Sprintf("%s=%s cannot be used: it must be a number from -1 to 1.", name, text))
	}
	return value, nil
}

// limit is how many rows are asked for.
func (q query) limit(o Options) (int, error) {
	text := q.values.Get("limit")
	if text == "" {
		return o.PageSize, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > o.MaxPageSize {
		return 0, badRequest(fmt.Sprintf("limit=%s cannot be used: it must be a whole number from 1 to %d.", text, o.MaxPageSize))
	}
	return limit, nil
}

// status is the status asked for; empty for any.
func (q query) status() (lineup.Status, error) {
	status := lineup.Status(q.values.Get("status"))
	if status != "" && !slices.Contains(lineup.Statuses, status) {
		return "", badRequest(fmt.Sprintf("status=%s is not a status: it must be one of %v.", status, lineup.Statuses))
	}
	return status, nil
}

// with is this URL, path and query, with parameters set: a name and its value in
// turn. An empty value takes the parameter away.
func (q query) with(pairs ...string) string {
	values := maps.Clone(q.values)
	for pair := range slices.Chunk(pairs, 2) {
		values.Set(pair[0], pair[1])
		if pair[1] == "" {
			values.Del(pair[0])
		}
	}
	return (&url.URL{Path: q.path, RawQuery: values.Encode()}).String()
}

// next is the URL of the page that begins after the row with that id, for a list's JSON.
func (q query) next(key string, id int64) *string {
	next := q.with(key, strconv.FormatInt(id, 10), doneParameter, "")
	return &next
}

// back is the page that a form wants to lead to: one of this site.
func (q query) back() string {
	back := q.values.Get("back")
	if !strings.HasPrefix(back, "/") || strings.HasPrefix(back, "//") || strings.ContainsAny(back, "\\\r\n") {
		return ""
	}
	return back
}
