package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// pathID is an id in the request's path.
func pathID(request *http.Request, name string) (int64, error) {
	id, err := strconv.ParseInt(request.PathValue(name), 10, 64)
	if err != nil || id < 1 {
		return 0, &serve.Problem{Status: http.StatusNotFound, Detail: fmt.Sprintf("%q is no id: it is a whole number above 0", request.PathValue(name))}
	}
	return id, nil
}

// readJSON reads a body of one JSON object into v; example is one that could be sent.
func (r *receiver) readJSON(w http.ResponseWriter, request *http.Request, v any, example string) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, r.limits.MaxBody))
	if err != nil {
		return bodyError(err)
	}
	return decodeJSON(body, v, example)
}

// readNothing reads a body that has nothing to say: none, or an object without fields.
func (r *receiver) readNothing(w http.ResponseWriter, request *http.Request) error {
	return r.readOptionalJSON(w, request, &struct{}{}, "no body")
}

// readOptionalJSON is readJSON of a body that may be empty.
func (r *receiver) readOptionalJSON(w http.ResponseWriter, request *http.Request, v any, example string) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, r.limits.MaxBody))
	if err != nil {
		return bodyError(err)
	}
	if len(body) == 0 {
		return nil
	}
	return decodeJSON(body, v, example)
}

func decodeJSON(body []byte, v any, example string) error {
	body = event.WithoutBOM(body)
	if !utf8.Valid(body) { // decoding would replace the invalid bytes
		return malformed("the body is not valid UTF-8; send %s", example)
	}
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return malformed(`the body cannot be read: %s; send %s`, strings.TrimPrefix(event.JSONError(err).Error(), "json: "), example)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return malformed("the body cannot be read: something follows the JSON object")
	}
	if name := event.DuplicateField(body, 2); name != "" {
		return malformed("one object has the field %q twice", name)
	}
	return nil
}

// changeProblem is what the client is told of an error of a change of what there is.
func changeProblem(what string, err error) error {
	if later, ok := errors.AsType[*store.LaterChange](err); ok {
		return explained(http.StatusConflict, "later-change", later.Error(), func(p serve.Problem) any {
			return struct {
				serve.Problem
				Change store.Change `json:"change"`
			}{p, later.Change}
		})
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return &serve.Problem{Status: http.StatusNotFound, Detail: "there is no such " + what}
	case errors.Is(err, store.ErrSamePerson):
		return &serve.Problem{Type: serve.ProblemType("same-person"), Status: http.StatusConflict, Detail: store.ErrSamePerson.Error()}
	case errors.Is(err, store.ErrFinal):
		return &serve.Problem{Type: serve.ProblemType("final"), Status: http.StatusConflict, Detail: store.ErrFinal.Error()}
	case errors.Is(err, store.ErrContentChanged):
		return &serve.Problem{Type: serve.ProblemType("final"), Status: http.StatusConflict, Detail: store.ErrContentChanged.Error()}
	case errors.Is(err, store.ErrErased):
		return &serve.Problem{Type: serve.ProblemType("erased"), Status: http.StatusConflict, Detail: store.ErrErased.Error()}
	case errors.Is(err, store.ErrContradiction):
		return &serve.Problem{Type: serve.ProblemType("contradiction"), Status: http.StatusUnprocessableEntity, Detail: store.ErrContradiction.Error()}
	}
	return enrolmentProblem(err)
}
