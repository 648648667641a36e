package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
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
	title   string          // of the page, where the problem does not tell it
	id      int64           // of the person whom it made all the same
	Name    lineup.Name     `json:"name"` // that was sent with photos
	People  []lineup.Person `json:"people"`
	sentFiles
	changes []int64 // that were made all the same
	taken   bool    // what it was about is done, but for some of its files
}

func (r *refusedForm) Error() string { return r.problem.Error() }
func (r *refusedForm) Unwrap() error { return r.problem }

// problemPage is a problem, and what one can do about it there.
type problemPage struct {
	serve.Problem
	People  []lineup.Person // whom it is about
	Files   []file          // what became of each
	Taken   bool            // all else of the form is done
	Choices []way           // of whom is meant
	Ways    []way           // else
	Back    string          // URL of the page that the form was on, empty where there was none
	Receipt string          // URL of the receipt where whoever it is about was erased, else empty
}

// way is a form sent again with one more field. With script it is a button of the form that
// was sent, which has everything else still in it.
type way struct {
	Label, Field, Value string
	Whom                *store.Profile // who is chosen by it, nil where nobody is
	Action              string
	Upload              bool // the photos are to be chosen again
	AskName             bool // as is the name, which went with them
	Name                lineup.Name
	Kept                url.Values // the other fields
}

// refuseForm answers with a problem that a form met, and the ways out of it.
func (v *view) refuseForm(w http.ResponseWriter, r *http.Request, err error) {
	problem := v.report(r, problemOf(err), err)
	met, is := errors.AsType[*refusedForm](err)
	if !is || serve.WantsJSON(r) {
		v.refuse(w, r, problem)
		return
	}
	content := met.withFiles(onPage(problem))
	content.Back = cmp.Or((query{values: r.URL.Query()}).back(), r.URL.Path)
	for _, name := range met.names(r) {
		content.Detail = strings.Replace(content.Detail, name, isolated(shortened(name, sentenceLetters)), 1)
	}
	ways := met.ways(r)
	for _, w := range ways {
		if w.Whom == nil {
			content.Ways = append(content.Ways, w)
		} else {
			content.Choices = append(content.Choices, v.withLooks(r.Context(), w))
		}
	}
	if len(content.Choices) == 0 {
		content.People = met.People
	}
	content.Title = cmp.Or(met.title, refusedTitle(problem, len(met.People)))
	if len(ways) > 0 || met.is("nobody") || met.is("nothing-sent") { // they are what the API's caller is told to send
		content.Detail = beforeHint(content.Detail)
	}
	if met.id != 0 && len(met.People) == 0 { // what is wrong is with the photos
		content.People = []lineup.Person{{ID: met.id}}
	}
	v.render(w, r, problem.Status, page{template: "problem", title: content.Title, content: content})
}

// names are those that the problem may tell: of whom it is about, else the one that was sent.
func (r *refusedForm) names(request *http.Request) (names []string) {
	for _, p := range r.People {
		names = append(names, string(p.Name))
	}
	if sent := strings.TrimSpace(request.PostForm.Get("name")); len(names) == 0 && sent != "" {
		names = append(names, sent)
	}
	return names
}

// withFiles adds what became of the files of the form.
func (r *refusedForm) withFiles(content problemPage) problemPage {
	content.Taken = r.taken
	for _, f := range r.files(r.id != 0) {
		if f.Why != content.Detail { // as of a single path
			f.Told = f.Photo != nil && sentence(f.Photo.Reason) == content.Detail
			content.Files = append(content.Files, f)
		}
	}
	switch like := likeWhom(r.Photos); {
	case r.id != 0:
	case r.is("like-another") && len(content.Files) == 1:
		content.Detail = "Nothing was added yet: the photo looks like " + calledIn(like[0]) + "."
	case r.is("like-another") && len(like) == 1:
		content.Detail = fmt.Sprintf("Nothing was added yet: 1 of %d files looks like somebody else.", len(content.Files))
	case r.is("like-another"):
		content.Detail = fmt.Sprintf("Nothing was added yet: %d of %d files look like somebody else.", len(like), len(content.Files))
	case len(r.Refused) > 0: // not one was taken
		content.Detail = "Nothing was added."
	}
	return content
}

// is tells of which kind the problem is.
func (r *refusedForm) is(kind string) bool { return r.problem.Type == serve.ProblemType(kind) }

// withLooks adds how who can be chosen looks, and in how many pictures they are. That it cannot
// be told is no reason not to ask.
func (v *view) withLooks(ctx context.Context, w way) way {
	if profile, err := v.db.Person(ctx, w.Whom.ID); err == nil {
		w.Whom = &profile
	}
	return w
}

// beforeHint is a problem's detail without what to send to the API instead.
func beforeHint(detail string) string {
	for _, hint := range []string{": merge? next: send ", "; add it to that person's photos, or send ", "; next: name one by the id", "; next: merge the two", "; send one or more fields named", ": send the name of somebody there is"} {
		if before, _, is := strings.Cut(detail, hint); is {
			return before + "."
		}
	}
	return detail
}

// refusedTitle asks what the problem leaves to be said.
func refusedTitle(p serve.Problem, people int) string {
	switch strings.TrimPrefix(p.Type, serve.ProblemType("")) {
	case "same-spelling":
		if people > 1 {
			return "Several people have that name"
		}
		return "Somebody has that name"
	case "like-another":
		return "Somebody else looks like that"
	case "photos-unusable":
		return "No photo can be used"
	case "nobody":
		return "Nobody has that name"
	case "nothing-sent":
		return "Nothing is chosen"
	}
	return titleOf(p.Status)
}

// ways are what can be sent instead.
func (r *refusedForm) ways(request *http.Request) (ways []way) {
	upload := request.PostForm == nil
	switch strings.TrimPrefix(r.problem.Type, serve.ProblemType("")) {
	case "same-spelling":
		ways = r.whoIsMeant(request, upload)
	case "like-another":
		like := likeWhom(r.Photos)
		switch {
		case slices.ContainsFunc(r.Photos, store.Photo.Counts):
			ways = append(ways, way{Label: "Add the others", Field: "others", Value: "true"})
		case len(slices.Compact(like)) == 1 && request.URL.Path == "/people":
			ways = append(ways, way{Label: "Add to " + calledIn(like[0]), Field: "name", Value: string(like[0].Name)})
		}
		ways = append(ways, way{Label: "Somebody else all the same", Field: "anyway", Value: "true"})
	case "photos-unusable", "no-such-face":
		ways = r.whichFace()
	}
	for i := range ways {
		ways[i].Action, ways[i].Kept = cmp.Or(ways[i].Action, request.URL.RequestURI()), otherFields(request.PostForm, ways[i].Field)
		ways[i].Upload = upload
		ways[i].Name = r.Name
		ways[i].AskName = upload && request.URL.Path == "/people" && ways[i].Field != "name"
	}
	if len(r.changes) > 0 {
		ways = append(ways, r.undoing(request))
	}
	return ways
}

// undoing takes back what was done of a form that was not done whole.
func (r *refusedForm) undoing(request *http.Request) way {
	undo := url.Values{"do": {"undo"}}
	if back := (query{values: request.URL.Query()}).back(); back != "" {
		undo.Set("back", back)
	}
	return way{Label: "Undo what was done", Field: "change", Value: idList(r.changes), Action: (&url.URL{Path: request.URL.Path, RawQuery: undo.Encode()}).String()}
}

// whoIsMeant are the answers to a name that somebody has, who was to be enrolled, named, or
// merged, is in a picture, or would have the name again.
func (r *refusedForm) whoIsMeant(request *http.Request, upload bool) (ways []way) {
	switch do := request.URL.Query().Get("do"); {
	case upload && len(r.People) == 1:
		ways = append(ways, way{Label: "Add to " + calledIn(r.People[0]), Field: "name", Value: string(r.People[0].Name)})
	case upload, do == "undo":
	case do == "name" && request.PathValue("id") != "":
		ways = r.mergeInto(request)
		if request.PostForm.Get("merge") != "" { // it is not about a new name
			return ways
		}
	default:
		for _, p := range r.People {
			ways = append(ways, way{Label: "This one", Whom: &store.Profile{Person: p}, Field: "person", Value: strconv.FormatInt(p.ID, 10)})
		}
		return ways
	}
	return append(ways, way{Label: twoOfAName(upload), Field: "new", Value: "true"})
}

// mergeInto are those who have the name, each to be merged into; the page's person is merged.
func (r *refusedForm) mergeInto(request *http.Request) (ways []way) {
	merge := url.Values{"do": {"merge"}}
	if back := (query{values: request.URL.Query()}).back(); back != "" {
		merge.Set("back", back)
	}
	label := "They are one person: merge"
	if len(r.People) > 1 {
		label = "Merge into this one"
	}
	for _, p := range r.People {
		ways = append(ways, way{
			Label: label, Whom: &store.Profile{Person: p}, Field: "person", Value: request.PathValue("id"),
			Action: (&url.URL{Path: fmt.Sprintf("/people/%d", p.ID), RawQuery: merge.Encode()}).String(),
		})
	}
	return ways
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
	faces := facesIn(r.Photos[0])
	rows := rowsOf(faces)
	for i := range faces {
		ways = append(ways, way{Label: fmt.Sprintf("Face %d from the left", i+1) + rows[i], Field: "face", Value: strconv.Itoa(i + 1)})
	}
	return ways
}

// rowsOf tells how high in a photo each face is, where some are above others: that one is the
// second from the left does not tell which it is then. It tells nothing where they are in one row.
func rowsOf(faces []lineup.PhotoFace) []string {
	rows := make([]string, len(faces))
	tops, bottoms, middles := []float64{}, []float64{}, []float64{}
	for _, face := range faces {
		if face.Box == nil {
			return rows
		}
		tops, bottoms = append(tops, face.Box.Y), append(bottoms, face.Box.Y+face.Box.Height)
		middles = append(middles, face.Box.Y+face.Box.Height/2)
	}
	if slices.Max(tops) < slices.Min(bottoms) {
		return rows
	}
	highest, lowest := slices.Min(middles), slices.Max(middles)
	for i, middle := range middles {
		switch at := (middle - highest) / (lowest - highest); {
		case at < 1./3:
			rows[i] = ", at the top"
		case at > 2./3:
			rows[i] = ", at the bottom"
		default:
			rows[i] = ", in the middle"
		}
	}
	return rows
}

// otherFields are the fields of a form but one.
func otherFields(fields url.Values, but string) url.Values {
	rest := maps.Clone(fields)
	delete(rest, but)
	return rest
}
