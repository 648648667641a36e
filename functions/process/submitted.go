package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/serve"
)

// readSubmitted reads a submitted event: the picture's id and the trace it belongs to.
func readSubmitted(w http.ResponseWriter, r *http.Request, limit int64) (id int64, trace event.Trace, err error) {
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
