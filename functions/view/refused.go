package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// refusedForm is a problem of the API that a form met, with whom and which photos it is about.
type refusedForm struct {
	problem *serve.Problem
	id      int64           // of the person whom it made all the same
	People  []lineup.Person `json:"people"`
	Photos  []store.Photo   `json:"photos"`
}

func (r *refusedForm) Error() string { return r.problem.Error() }
func (r *refusedForm) Unwrap() error { return r.problem }

// problemPage is a problem, and what one can do about it there.
type problemPage struct {
	serve.Problem
	People []lineup.Person // whom it is about
	Photos []store.Photo   // what became of each
	Ways   []way
}

// way is a form sent again with one more field. With script it is a button of the form that
// was sent, which has everything else still in it.
type way struct {
	Label, Field, Value string
	Action              string
	Upload              bool              // the photos are to be chosen again
	AskName             bool              // as is the name, which went with them
	Kept                map[string]string // the other fields
}

// refuseForm answers with a problem that a form met, and the ways out of it.
func (v *view) refuseForm(w http.ResponseWriter, r *http.Request, err error) {
	problem := v.report(r, problemOf(err), err)
	met, is := errors.AsType[*refusedForm](err)
	if !is || serve.WantsJSON(r) {
		v.refuse(w, r, problem)
		return
	}
	content := problemPage{Problem: problem, People: met.People, Photos: met.Photos, Ways: met.ways(r)}
	content.Title = refusedTitle(problem)
	if met.id != 0 && len(met.People) == 0 && strings.HasSuffix(problem.Type, ":photos-unusable") {
		content.People = []lineup.Person{{ID: met.id}}
	}
	v.render(w, r, problem.Status, page{template: "problem", title: content.Title, content: content})
}

// refusedTitle asks what the problem leaves to be said.
func refusedTitle(p serve.Problem) string {
	switch strings.TrimPrefix(p.Type, serve.ProblemType("")) {
	case "same-spelling":
		return "Somebody has that name"
	case "like-another":
		return "Somebody else looks like that"
	case "photos-unusable":
		return "No photo can be used"
	}
	return http.StatusText(p.Status)
}

// ways are what can be sent instead.
func (f *refusedForm) ways(r *http.Request) (ways []way) {
	add := func(label, field, value string) {
		ways = append(ways, way{Label: label, Field: field, Value: value, Action: r.URL.RequestURI(), Kept: otherFields(r.PostForm, field)})
	}
	upload := r.PostForm == nil
	naming := r.URL.Query().Get("do") == "name"
	switch strings.TrimPrefix(f.problem.Type, serve.ProblemType("")) {
	case "same-spelling":
		switch {
		case naming && len(f.People) == 1:
			add("They are one person: merge", "merge", "true")
		case !upload && !naming:
			for _, p := range f.People {
				add(fmt.Sprintf("%s, person %d", p.Name, p.ID), "person", fmt.Sprint(p.ID))
			}
		}
		if naming || upload {
			add("Two people of that name", "new", "true")
		}
	case "like-another":
		if like := likeWhom(f.Photos); like != nil && r.URL.Path == "/people" {
			add("Add to "+personName(*like), "name", string(like.Name))
		}
		add("Somebody else all the same", "anyway", "true")
	case "photos-unusable", "no-such-face":
		if len(f.Photos) == 1 && f.Photos[0].Similar == nil {
			for i := range facesIn(f.Photos[0]) {
				add(fmt.Sprintf("Face %d from the left", i+1), "face", fmt.Sprint(i+1))
			}
			if len(ways) == 1 { // there is nothing to choose
				ways = nil
			}
		}
	}
	for i := range ways {
		ways[i].Upload = upload
		ways[i].AskName = upload && r.URL.Path == "/people" && ways[i].Field != "name"
	}
	return ways
}

func likeWhom(photos []store.Photo) *lineup.Person {
	i := slices.IndexFunc(photos, func(p store.Photo) bool { return p.Similar != nil })
	if i < 0 {
		return nil
	}
	return &photos[i].Similar.Person
}

// otherFields are the fields of a form but one.
func otherFields(fields url.Values, but string) map[string]string {
	rest := map[string]string{}
	for name, values := range fields {
		if name != but && len(values) == 1 { // forms that ask for a name have no field twice
			rest[name] = values[0]
		}
	}
	return rest
}
