package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
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
	Files   []file          `json:"images"`
}

func (r *refusedForm) Error() string { return r.problem.Error() }
func (r *refusedForm) Unwrap() error { return r.problem }

// problemPage is a problem, and what one can do about it there.
type problemPage struct {
	serve.Problem
	People  []lineup.Person // whom it is about
	Photos  []store.Photo   // what became of each
	Files   []file          // likewise
	Ways    []way
	Receipt string // URL of the receipt where whoever it is about was erased, else empty
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
	content := onPage(problem)
	content.People, content.Photos, content.Files, content.Ways = met.People, met.Photos, met.Files, met.ways(r)
	content.Title = refusedTitle(problem)
	if len(content.Ways) > 0 || strings.HasSuffix(problem.Type, ":nobody") { // they are what the API's caller is told to send
		content.Detail = beforeHint(content.Detail)
	}
	if met.id != 0 && len(met.People) == 0 && strings.HasSuffix(problem.Type, ":photos-unusable") {
		content.People = []lineup.Person{{ID: met.id}}
	}
	v.render(w, r, problem.Status, page{template: "problem", title: content.Title, content: content})
}

// beforeHint is a problem's detail without what to send to the API instead.
func beforeHint(detail string) string {
	for _, hint := range []string{": merge? next: send ", "; add it to that person's photos, or send ", ": send the name of somebody there is"} {
		if before, _, is := strings.Cut(detail, hint); is {
			return before + "."
		}
	}
	return detail
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
	case "nobody":
		return "Nobody has that name"
	}
	return http.StatusText(p.Status)
}

// ways are what can be sent instead.
func (r *refusedForm) ways(request *http.Request) (ways []way) {
	upload := request.PostForm == nil
	switch strings.TrimPrefix(r.problem.Type, serve.ProblemType("")) {
	case "same-spelling":
		ways = r.whoIsMeant(upload, request.URL.Query().Get("do") == "name")
	case "like-another":
		if like := likeWhom(r.Photos); like != nil && request.URL.Path == "/people" {
			ways = append(ways, way{Label: "Add to " + personName(*like), Field: "name", Value: string(like.Name)})
		}
		ways = append(ways, way{Label: "Somebody else all the same", Field: "anyway", Value: "true"})
	case "photos-unusable", "no-such-face":
		ways = r.whichFace()
	}
	for i := range ways {
		ways[i].Action, ways[i].Kept = request.URL.RequestURI(), otherFields(request.PostForm, ways[i].Field)
		ways[i].Upload = upload
		ways[i].AskName = upload && request.URL.Path == "/people" && ways[i].Field != "name"
	}
	return ways
}

// whoIsMeant are the answers to a name that somebody has, who was to be enrolled, named, or
// is in a picture.
func (r *refusedForm) whoIsMeant(upload, naming bool) (ways []way) {
	if !upload && !naming {
		for _, p := range r.People {
			ways = append(ways, way{Label: fmt.Sprintf("%s, person %d", p.Name, p.ID), Field: "person", Value: strconv.FormatInt(p.ID, 10)})
		}
		return ways
	}
	if upload && len(r.People) == 1 {
		ways = append(ways, way{Label: "Add to " + personName(r.People[0]), Field: "name", Value: string(r.People[0].Name)})
	}
	if naming && len(r.People) == 1 {
		ways = append(ways, way{Label: "They are one person: merge", Field: "merge", Value: "true"})
	}
	return append(ways, way{Label: twoOfAName(upload), Field: "new", Value: "true"})
}

func twoOfAName(enrolling bool) string {
	if enrolling {
		return "Somebody new of that name"
	}
	return "Two people of that name"
}

// whichFace are the faces to choose from, where one photo shows several.
func (r *refusedForm) whichFace() (ways []way) {
	if len(r.Photos) != 1 || r.Photos[0].Similar != nil || len(facesIn(r.Photos[0])) < 2 {
		return nil
	}
	for i := range facesIn(r.Photos[0]) {
		ways = append(ways, way{Label: fmt.Sprintf("Face %d from the left", i+1), Field: "face", Value: strconv.Itoa(i + 1)})
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
