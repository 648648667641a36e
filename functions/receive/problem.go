package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

var (
	// errSave says that a picture or photo could not be saved.
	errSave = errors.New("save")
)

// problem is what the client is told of an error. What it must not see is logged.
func (r *receiver) problem(request *http.Request, err error) *serve.Problem {
	if problem, ok := errors.AsType[*serve.Problem](err); ok {
		return problem
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLargeProblem("the request", tooLarge.Limit, r.limits.settingOf(request, tooLarge.Limit))
	}
	if wrong, ok := errors.AsType[malformedError](err); ok {
		return &serve.Problem{Status: http.StatusBadRequest, Detail: string(wrong)}
	}
	r.log.Error("request failed", "path", request.URL.Path, "error", err, auth.Caller(request.Context()))
	switch {
	case errors.Is(err, store.ErrSchema):
		return unavailable("the database is not migrated to this version yet: run `make migrate`")
	case errors.Is(err, store.ErrDenied):
		return unavailable("the database does not let receive do this, nothing was saved: its account lacks a right; the log of receive has the GRANT to run")
	case errors.Is(err, store.ErrFull):
		return diskFull("the database is full, nothing was saved: make room, then send the request again")
	case errors.Is(err, store.ErrReadOnly):
		return unavailable("the database is read-only, nothing was saved: see that MYSQL_DSN names the primary; while another server takes its place, try again")
	case errors.Is(err, photo.ErrFull):
		return diskFull("the place where pictures are kept is full: make room, then send the request again, nothing is done twice")
	case errors.Is(err, errSave) && errors.Is(err, photo.ErrDenied):
		return unavailable("the place where pictures are kept does not let receive write: give its account the right to, see IMAGES_URL and KNOWN_PEOPLE; nothing was saved")
	case errors.Is(err, errSave):
		away := unavailable("the place where pictures are kept cannot be written to; send the request again, nothing is done twice")
		away.RetryAfter = max(away.RetryAfter, photo.RetryAfter(err)) // before, it is not asked
		return away
	default:
		return unavailable("the database does not answer; send the request again, nothing is done twice")
	}
}

// explanation is a problem with members of its own (RFC 9457, section 3.2).
type explanation struct {
	serve.Problem
	body func(serve.Problem) any // the problem, with those beside it
}

func explained(status int, kind, detail string, body func(serve.Problem) any) error {
	return &explanation{serve.Problem{Type: serve.ProblemType(kind), Status: status, Detail: detail}, body}
}

func (e *explanation) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	serve.JSON(w, e.Status, e.body(e.Named()))
}

// writeProblem answers with the problem in the form that the client reads.
func writeProblem(w http.ResponseWriter, request *http.Request, problem serve.Problem) {
	problem.Write(w, wantsText(request))
}

// wantsText tells whether the answer is the original API's text: on its two routes,
// unless the client asks for JSON, or to wait for results, which the text has no place for.
func wantsText(r *http.Request) bool {
	return waitOf(r) == 0 && (r.URL.Path == "/image/post" || r.URL.Path == "/images/post") && !serve.WantsJSON(r)
}

// bodyError keeps "too large" and "too slow" apart from "malformed".
func bodyError(err error) error {
	if slow, ok := errors.AsType[*serve.Problem](err); ok {
		return slow
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return malformed("the body ends too early")
	}
	return unreadable(err)
}

// eventError keeps an unsupported format apart from what else a body can have wrong.
func eventError(err error) error {
	if errors.Is(err, event.ErrFormat) {
		return &serve.Problem{Status: http.StatusUnsupportedMediaType, Detail: oneLine(err)}
	}
	return bodyError(err)
}

// malformedError is what is wrong with a request, in a sentence for who sent it.
type malformedError string

func (e malformedError) Error() string { return string(e) }

func malformed(format string, args ...any) error { return malformedError(fmt.Sprintf(format, args...)) }

// unreadable is of a body whose form is wrong, before anything is said.
func unreadable(err error) error { return malformed("the body cannot be read: %s", oneLine(err)) }

func oneLine(err error) string {
	return strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; ")
}

// tooLargeProblem names the setting of the limit, unless there is none.
func tooLargeProblem(what string, limit int64, setting string) *serve.Problem {
	detail := fmt.Sprintf("%s is larger than the %d bytes allowed", what, limit)
	if setting != "" {
		detail = fmt.Sprintf("%s is larger than the %d bytes that %s allows", what, limit, setting)
	}
	return &serve.Problem{Status: http.StatusRequestEntityTooLarge, Detail: detail}
}

// retryAfter is when a client is asked to come back after a failure of ours.
const retryAfter = 5 * time.Second

func unavailable(detail string) *serve.Problem {
	return &serve.Problem{Status: http.StatusServiceUnavailable, Detail: detail, RetryAfter: retryAfter}
}

func diskFull(detail string) *serve.Problem {
	return &serve.Problem{Status: http.StatusInsufficientStorage, Detail: detail, RetryAfter: retryAfter}
}
