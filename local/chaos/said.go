package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"lineup.dev/lineup/pkg/lineup"
)

// state is what hands said.
type state struct {
	names map[int64]string   // by person
	into  map[int64]int64    // merged persons
	faces map[int64]decision // by face
}

// decision is what was said of a face: one of these.
type decision struct {
	image   int64
	is, not int64
	ignored bool
}

// expected is a change that was answered.
type expected struct {
	action string
	person int64 // 0: not compared
	face   int64
	id     int64 // 0: not known
}

// change is one of a list, as the API tells it.
type changeItem struct {
	ID     int64
	Action string
	By     string
	Person *struct{ ID int64 }
	Face   *int64
}

func (s state) clone() state {
	return state{maps.Clone(s.names), maps.Clone(s.into), maps.Clone(s.faces)}
}

// survivor is who a person is by now.
func (s state) survivor(id int64) int64 {
	for s.into[id] != 0 {
		id = s.into[id]
	}
	return id
}

// survivors are those who were merged into nobody.
func (s state) survivors() (ids []int64) {
	for id := range s.names {
		if s.into[id] == 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// pictured is a picture, as the API tells it.
type pictured struct {
	Status string
	Faces  []faceItem
}

type faceItem struct {
	ID        int64
	Person    *struct{ ID int64 }
	DecidedBy string `json:"decided_by"`
	Ignored   bool
	Not       []int64
}

// person is whose the face is, 0 for nobody's.
func (face faceItem) person() int64 {
	if face.Person == nil {
		return 0
	}
	return face.Person.ID
}

// holds tells whether the face is as was said of it.
func (s state) holds(d decision, face faceItem) bool {
	switch {
	case d.is != 0:
		return face.person() == s.survivor(d.is) && face.DecidedBy == string(lineup.ByHand)
	case d.ignored:
		return face.Ignored && face.person() == 0
	default:
		return face.person() != s.survivor(d.not) && len(face.Not) == 1
	}
}

// correction is one of the things that may be said of the face, if it is sure to change
// something: a face of somebody who was erased becomes ignored by that, now or soon, so that only
// one that is somebody's is.
func (s state) correction(face faceItem, person int64, kind int) (d decision, ok bool) {
	said := s.faces[face.ID]
	switch {
	case said.ignored || said.not != 0 || s.survivor(said.is) == person:
		return d, false
	case said.is != 0 || kind > 1:
		return decision{is: person}, true
	case kind == 1:
		return decision{not: person}, true
	}
	return decision{ignored: true}, face.Person != nil
}

// see reads the people's pictures.
func (c *crew) see(ctx context.Context) map[int64]pictured {
	all := make(map[int64]pictured)
	for _, id := range c.pictures {
		var p pictured
		c.ask(ctx, http.MethodGet, fmt.Sprintf("/images/%d", id), nil, &p, http.StatusOK)
		all[id] = p
	}
	return all
}

// ask sends JSON until it is answered by this status, reads the answer, and tells whether
// it was.
func (c *crew) ask(ctx context.Context, method, path string, body, answer any, status int) bool {
	return c.askFor(ctx, method, path, body, answer, status) != 0
}

// askFor is ask with several statuses, of which it gives the one that came, else 0.
func (c *crew) askFor(ctx context.Context, method, path string, body, answer any, statuses ...int) int {
	var text []byte
	if body != nil {
		text, _ = json.Marshal(body) // of what JSON has
	}
	return c.send(ctx, method, path, text, "application/json", answer, statuses...)
}

// send sends a request until it is answered: not by silence, and not by 503. It gives the
// status if it is one of these, else 0.
func (c *crew) send(ctx context.Context, method, path string, body []byte, kind string, answer any, statuses ...int) int {
	for ; ctx.Err() == nil; wait(ctx, retryPause) {
		request, err := http.NewRequestWithContext(ctx, method, c.api+path, bytes.NewReader(body))
		if err != nil {
			note(&c.wrong, "%v", err)
			return 0
		}
		if len(body) > 0 {
			request.Header.Set("Content-Type", kind)
		}
		status, text, err := c.exchange(request)
		if err != nil || status == http.StatusServiceUnavailable {
			c.retries++
			continue
		}
		if answer != nil {
			err = json.Unmarshal(text, answer)
		}
		if !slices.Contains(statuses, status) || err != nil {
			note(&c.wrong, "%s %s %.200s answered by %d, not %v: %.500s %v", method, path, printable(body), status, statuses, text, err)
			return 0
		}
		return status
	}
	return 0
}

func (c *crew) exchange(request *http.Request) (status int, body []byte, err error) {
	response, err := c.http.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// printable is a body that can be shown.
func printable(body []byte) string {
	if json.Valid(body) {
		return string(body)
	}
	return url.QueryEscape(string(body[:min(len(body), 100)]))
}
