package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"lineup.dev/lineup/pkg/lineup"
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
	next := q.with(key, strconv.FormatInt(id, 10))
	return &next
}
