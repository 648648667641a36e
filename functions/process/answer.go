package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"lineup.dev/lineup/pkg/breaker"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// answer is what the bridge is told. The bridge's own table says what it does then.
type answer struct {
	status int
	wait   time.Duration // Retry-After, when above zero
	why    string
}

func (a answer) write(w http.ResponseWriter) {
	if a.status == http.StatusOK {
		w.WriteHeader(a.status) // a Broker would take a plain body for a failure
		return
	}
	serve.Problem{Status: a.status, Detail: a.why, RetryAfter: a.wait}.Write(w, false)
}

// probeWait is when to come back while another request is probing.
const probeWait = time.Second

// refused is the answer to a picture that may not be sent to the face server now.
func refused(err error) answer {
	if errors.Is(err, errTurn) {
		return answer{http.StatusTooEarly, suspectWait, err.Error()}
	}
	wait := probeWait
	if open, ok := errors.AsType[*breaker.Open](err); ok {
		wait = max(wait, open.For)
	}
	return answer{http.StatusServiceUnavailable, wait, err.Error()}
}

// notClaimed is the answer to a picture that is not ours to work on.
func notClaimed(c store.Claim) answer {
	switch c.Outcome {
	case store.Gone:
		return answer{status: http.StatusGone, why: fmt.Sprintf("there is no image %d", c.ID)}
	case store.Leased:
		return answer{http.StatusConflict, max(c.Wait, time.Second), "another works on it"}
	case store.NotYet:
		return answer{http.StatusTooEarly, max(c.Wait, time.Second), "it waits for its next try"}
	case store.Odd:
		return answer{status: http.StatusUnprocessableEntity, why: fmt.Sprintf("image %d has the status %q, which is none of %v: correct the row", c.ID, c.Status, lineup.Statuses)}
	default: // store.Done
		return answer{status: http.StatusOK}
	}
}

// databaseFailed is the answer when the picture's row cannot be read or written.
func databaseFailed(err error) answer {
	a := answer{http.StatusServiceUnavailable, databaseWait, "the database does not answer; the picture waits"}
	switch {
	case errors.Is(err, store.ErrSchema):
		a.why = "the database is not migrated to this version yet: run `make migrate`; the picture waits"
	case errors.Is(err, store.ErrFull):
		a.why = "the database is full: make room; the picture waits"
	}
	return a
}

// claimLost is the answer after work that came too late: whoever has the picture
// now will answer for it.
func claimLost(log *slog.Logger) answer {
	log.Warn("took longer than the lease, another has the picture")
	return answer{http.StatusConflict, time.Second, "another took the picture over"}
}

// submitted reads a submitted event: the picture's id and the trace it belongs to.
func submitted(w http.ResponseWriter, r *http.Request, limit int64) (id int64, trace event.Trace, err error) {
	if r.Method != http.MethodPost {
		return 0, trace, &serve.Problem{Status: http.StatusMethodNotAllowed, Detail: "send a CloudEvent with POST"}
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	e, err := cehttp.NewEventFromHTTPRequest(r)
	if err == nil {
		err = e.Validate()
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return 0, trace, &serve.Problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("the event is larger than %d bytes", tooLarge.Limit)}
	}
	if slow, ok := errors.AsType[*serve.Problem](err); ok {
		return 0, trace, slow
	}
	if err != nil {
		return 0, trace, &serve.Problem{Status: http.StatusBadRequest, Detail: "this is no CloudEvent: " + oneLine(err)}
	}
	if e.Type() != event.TypeSubmitted {
		return 0, trace, &serve.Problem{Status: http.StatusUnprocessableEntity, Detail: fmt.Sprintf("events of type %q mean nothing here, %s does", e.Type(), event.TypeSubmitted)}
	}
	data, err := event.ImageOf(*e)
	if err != nil || data.ID <= 0 {
		return 0, trace, &serve.Problem{Status: http.StatusUnprocessableEntity, Detail: `the event's data must be {"id": a number above 0, "path": "..."}`}
	}
	return data.ID, event.TraceOf(*e), nil
}

func refuse(w http.ResponseWriter, err error) {
	problem, ok := errors.AsType[*serve.Problem](err)
	if !ok {
		problem = &serve.Problem{Status: http.StatusBadRequest, Detail: "the request cannot be read"}
	}
	if problem.Status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	problem.Write(w, false)
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", " ") }
