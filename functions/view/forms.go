package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
)

// form is what a form of a page stands for. It is posted to the page's own URL with its
// name as the parameter do, and view asks the API in the name of who sent it: so that
// pages work without script, and nothing is done that a program could not do.
type form struct {
	// calls are what the fields ask of the API, one after the other; id is the page's.
	calls func(id string, fields url.Values) ([]call, error)
	// upload is where the form goes as it is, files and all, instead.
	upload string
	// then is the page that follows, where it is not the one that the form was on.
	then string
	// adds says that pictures or a folder are added: the page that follows shows them.
	adds bool
	// looks says that pictures are looked at again, which is no change that can be undone.
	looks bool
}

// call is a request of the API.
type call struct {
	method, path string // below apiPrefix
	body         any    // sent as JSON; nil for none
	about        string // what it is about, in words; empty where the page calls it nothing
	fault        error  // why it is not even asked for; nil where it is
}

// answerLimit is how much of an answer of receive is read: of a person with a thousand photos.
const answerLimit = 8 << 20

// answerForm does what the form asks for, and leads back to the page.
func (v *view) answerForm(forms map[string]form) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		done, err := v.do(w, r, forms)
		v.progress.forget()
		if err != nil {
			v.refuseForm(w, r, err)
			return
		}
		http.Redirect(w, r, done, http.StatusSeeOther) //nolint:gosec // back has looked that it stays on this site
	}
}

// do gives the page that follows.
func (v *view) do(w http.ResponseWriter, r *http.Request, forms map[string]form) (next string, err error) {
	q, err := parseQuery(r)
	if err != nil {
		return "", err
	}
	f, ok := forms[q.values.Get("do")]
	if !ok {
		return "", badRequest("This page has no such form. Load it again.")
	}
	id := ""
	if r.PathValue("id") != "" {
		number, ok := pathID(r)
		if !ok {
			return "", notFound("There is nothing at this address.")
		}
		id = strconv.FormatInt(number, 10)
	}
	var answer madeAnswer
	if f.upload != "" {
		answer, err = v.ask(r, http.MethodPost, strings.ReplaceAll(f.upload, "{id}", id), r.Header.Get("Content-Type"), r.Body)
		err = cmp.Or(err, answer.notAllTaken())
	} else {
		answer, err = v.askAll(w, r, id, f)
	}
	if err != nil {
		return "", err
	}
	if f.adds {
		return answer.added(v.options.MaxPageSize), nil
	}
	next = cmp.Or(q.back(), strings.ReplaceAll(f.then, "{id}", strconv.FormatInt(answer.ID, 10)), r.URL.Path)
	if f.looks {
		return withDone(next, answer.looked()), nil
	}
	return withDone(next, answer.changed()), nil
}

// askAll makes the calls of a form of fields, each whatever became of those before: what was
// not done of several is told with what was. What was to be deleted and is gone already is as good as done,
// where it is not all.
func (v *view) askAll(w http.ResponseWriter, r *http.Request, id string, f form) (answer madeAnswer, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, v.options.MaxForm)
	if err := parseFields(r); err != nil {
		return answer, badRequest("The form cannot be read, or is larger than MAX_FORM allows. Load the page again.")
	}
	calls, err := f.calls(id, r.PostForm)
	if err != nil {
		return answer, err
	}
	left := unfinished{of: len(calls)}
	var gone error
	for i, c := range calls {
		one, err := v.askOne(r, c)
		switch {
		case err == nil:
			one.Changes, one.Gone, one.Requests = append(answer.Changes, one.Changes...), answer.Gone, answer.Requests+1
			answer = one
			continue
		case c.method == http.MethodDelete && statusOf(err) == http.StatusNotFound:
			gone = err
			answer.Gone++
			continue
		}
		left.failed = append(left.failed, notDone{i, c.about, err})
		if stopsAll(err) {
			left.untried = len(calls) - i - 1
			break
		}
	}
	if answer.Gone == len(calls) {
		return answer, gone
	}
	left.changes, left.gone = answer.Changes, answer.Gone
	return answer, left.problem()
}

// askOne makes one call of a form.
func (v *view) askOne(r *http.Request, c call) (answer madeAnswer, err error) {
	if c.fault != nil {
		return answer, c.fault
	}
	var body io.Reader
	if c.body != nil {
		text, err := json.Marshal(c.body)
		if err != nil {
			return answer, err
		}
		body = bytes.NewReader(text)
	}
	return v.ask(r, c.method, c.path, "application/json", body)
}

// parseFields reads a form's fields, in either of the ways in which browsers send them.
func parseFields(r *http.Request) error {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "multipart/form-data" {
		return r.ParseMultipartForm(1 << 20) //nolint:gosec // askAll has limited the body
	}
	return r.ParseForm()
}

// ask asks receive, and gives a problem of the API as the error that it is.
func (v *view) ask(r *http.Request, method, path, contentType string, body io.Reader) (answer madeAnswer, err error) {
	response, err := v.receive.ask(r, method, apiPrefix+path, contentType, body)
	if err != nil {
		return answer, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return answer, v.receive.away(r, &notedBody{}, err)
	}
	json.Unmarshal(text, &answer) //nolint:errcheck // what fits is read: photos are ids in a receipt, and some answers are empty
	answer.Photos = sentAlone(answer.Photos)
	answer.Changes = readIDList(strings.ReplaceAll(response.Header.Get(lineup.ChangeHeader), " ", ""))
	if response.StatusCode >= http.StatusBadRequest {
		met := &refusedForm{id: answer.ID, problem: &serve.Problem{Type: answer.Type, Status: response.StatusCode,
			Detail: cmp.Or(sentence(answer.Detail), "It was not done. The log of receive says why.")}}
		json.Unmarshal(text, met) //nolint:errcheck // few problems are about people, photos or files
		met.Photos = answer.Photos
		return answer, met
	}
	return answer, nil
}

// doneParameter tells a page that a form has led to it, and what the form did: the page tells it.
const doneParameter = "done"

// withDone is a page that tells what a form did.
func withDone(page, told string) string {
	u, err := url.Parse(page)
	if err != nil {
		return "/"
	}
	values := u.Query()
	values.Set(doneParameter, told)
	u.RawQuery = values.Encode()
	return u.String()
}

// who is whom a form chose: an id, or somebody by name.
func who(fields url.Values) (any, error) {
	if text := fields.Get("person"); text != "" {
		person, err := ids(fields, "person")
		if err != nil {
			return nil, err
		}
		return person[0], nil
	}
	if name := strings.TrimSpace(fields.Get("name")); name != "" {
		return map[string]string{"name": name}, nil
	}
	return nil, badRequest("Nobody is chosen. Choose a person, or write a name.")
}

// each makes one call of every id of a field.
func each(field string, request func(id int64, fields url.Values) (call, error)) func(string, url.Values) ([]call, error) {
	return func(_ string, fields url.Values) ([]call, error) {
		chosen, err := ids(fields, field)
		if err != nil {
			return nil, err
		}
		var calls []call
		for _, id := range chosen {
			c, err := request(id, fields)
			if err != nil {
				return nil, err
			}
			if field == "image" {
				c.about = fmt.Sprintf("picture %d", id)
			}
			calls = append(calls, c)
		}
		return calls, nil
	}
}

// single makes a single call about the page's own picture or person.
func single(method, path string, body func(url.Values) (any, error)) func(string, url.Values) ([]call, error) {
	return func(id string, fields url.Values) ([]call, error) {
		c := call{method: method, path: strings.ReplaceAll(path, "{id}", id)}
		var err error
		if body != nil {
			c.body, err = body(fields)
		}
		return []call{c}, err
	}
}
