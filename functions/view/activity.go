package main

import (
	"net/http"

	"lineup.dev/lineup/pkg/store"
)

// activityPage is what goes on and what hands have changed.
type activityPage struct {
	Sentence string         `json:"sentence"`
	Changes  []store.Change `json:"changes"` // the newest first
	Next     *string        `json:"next"`    // URL path and query of the next page, null on the last
	Newest   string         `json:"-"`       // URL of the first page, empty on it
}

func (v *view) activity(r *http.Request) (page, error) {
	q, err := parseQuery(r)
	if err != nil {
		return page{}, err
	}
	found, err := v.apiChanges(r, q)
	if err != nil {
		return page{}, err
	}
	stats, err := v.db.Stats(r.Context())
	if err != nil {
		return page{}, err
	}
	changes := found.(list[store.Change])
	content := activityPage{Sentence: sentenceOf(stats), Changes: changes.Items, Next: changes.Next}
	if q.values.Get("before") != "" {
		content.Newest = q.with("before", "")
	}
	return page{template: "activity", title: "Activity", content: content}, nil
}
