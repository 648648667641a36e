package main

import (
	"net/http"
	"slices"
	"strings"
	"unicode"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// activityPage is what goes on and what hands have changed.
type activityPage struct {
	Sentence string           `json:"sentence"`
	Changes  []store.Change   `json:"changes"`  // the newest first
	Next     *string          `json:"next"`     // URL path and query of the next page, null on the last
	Parts    []store.Part     `json:"parts"`    // what is wrong before what is not
	Failures []store.Failures `json:"failures"` // of the newest failed pictures, the most frequent reason first
	Jobs     []job            `json:"-"`        // what goes on
	Stats    store.Stats      `json:"-"`
	Newest   string           `json:"-"` // URL of the first page, empty on it
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
	stats, err := v.progress.get(r.Context())
	if err != nil {
		return page{}, err
	}
	failures, err := v.db.Failures(r.Context())
	if err != nil {
		return page{}, err
	}
	changes := found.(list[store.Change])
	content := activityPage{Sentence: sentenceOf(stats), Changes: changes.Items, Next: changes.Next,
		Parts: wrongFirst(stats.Parts), Failures: failures, Jobs: jobsOf(stats), Stats: stats}
	if q.values.Get("before") != "" {
		content.Newest = q.with("before", "")
	}
	return page{template: "activity", title: "Activity", content: content}, nil
}

// Failed is how many pictures failed in all.
func (p activityPage) Failed() int64 { return p.Stats.Pictures.Of[string(lineup.Failed)] }

// Grouped is how many failed pictures are grouped at most, where there are more; else 0.
func (p activityPage) Grouped() int64 {
	if p.Failed() > store.FailedAtOnce {
		return store.FailedAtOnce
	}
	return 0
}

// Wrong is how many parts do not do what they are there for.
func (p activityPage) Wrong() (wrong int) {
	for _, part := range p.Parts {
		if isWrong(part) {
			wrong++
		}
	}
	return wrong
}

// Letters tells whether a queue has dead letters.
func (p activityPage) Letters() bool {
	return slices.ContainsFunc(p.Parts, func(part store.Part) bool { return part.State == "waiting" })
}

// Try tells when a part is tried again, empty where it is not.
func (p activityPage) Try(part store.Part) string {
	if part.Next == nil {
		return ""
	}
	return "next try " + inTime(part.Next.Sub(p.Stats.Rate.At))
}

// Mark is the id of a part on the page.
func (p activityPage) Mark(part store.Part) string {
	return "part-" + strings.Join(strings.FieldsFunc(part.Name, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }), "-")
}

func wrongFirst(parts []store.Part) []store.Part {
	sorted := slices.Clone(parts)
	slices.SortStableFunc(sorted, func(a, b store.Part) int {
		switch wrong := isWrong(a); {
		case wrong == isWrong(b):
			return 0
		case wrong:
			return -1
		}
		return 1
	})
	return sorted
}
