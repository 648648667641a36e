package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strings"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/serve"
)

// submittedReader reads submitted events.
type submittedReader struct {
	limit       int64 // of an event, in bytes
	originalIDs bool  // messages of the original system's receiver are submitted events too
}

// read reads a submitted event: the picture's id and the trace it belongs to. Where the
// request holds no such event, the reply is not nil.
func (s submittedReader) read(w http.ResponseWriter, r *http.Request) (id int64, trace event.Trace, other *reply) {
	if r.Method != http.MethodPost {
		return 0, trace, &reply{status: http.StatusMethodNotAllowed, reason: "send a CloudEvent with POST"}
	}
	r.Body = http.MaxBytesReader(w, r.Body, s.limit)
	received, err := event.Read(r)
	switch {
	case err != nil:
		return 0, trace, unreadable(err)
	case len(received) == 0: // an empty batch
		return 0, trace, &reply{status: http.StatusAccepted}
	case len(received) > 1: // the answer can be about one picture only
		return 0, trace, &reply{status: http.StatusBadRequest, reason: "send one event at a time"}
	case received[0].Err != nil:
		return 0, trace, unreadable(received[0].Err)
	}
	e := received[0].Event
	if id, ok := originalID(e); ok {
		if !s.originalIDs {
			return 0, trace, &reply{status: http.StatusUnprocessableEntity, reason: fmt.Sprintf(
				"8 bytes, as the original system's receiver sends for image %d: set ORIGINAL_IDS=on if it writes its rows to this database's images", id)}
		}
		return id, event.TraceOf(e), nil
	}
	if e.Type() != event.TypeSubmitted {
		return 0, trace, &reply{status: http.StatusUnprocessableEntity, reason: fmt.Sprintf("events of type %q mean nothing here, %s does", e.Type(), event.TypeSubmitted)}
	}
	data, err := event.ImageOf(e)
	if err != nil || data.ID <= 0 {
		return 0, trace, &reply{status: http.StatusUnprocessableEntity, reason: `the event's data must be {"id": a number above 0, "path": "..."}`}
	}
	return data.ID, event.TraceOf(e), nil
}

// originalID is the id in a message of the original system's receiver, as the bridge wraps
// it: 8 bytes, the lowest first, and nothing to tell them from any other 8 bytes. A text of
// that length has a byte where no table's ids have come to.
func originalID(e cloudevents.Event) (id int64, ok bool) {
	if e.Type() != event.TypeNSQMessage || len(e.Data()) != 8 {
		return 0, false
	}
	n := binary.LittleEndian.Uint64(e.Data())
	return int64(n), 0 < n && n < 1<<48 //nolint:gosec // it fits then
}

// unreadable is the reply to a request that no event can be read from.
func unreadable(err error) *reply {
	reason := strings.ReplaceAll(err.Error(), "\n", " ")
	if slow, ok := errors.AsType[*serve.Problem](err); ok { // serve's, for a body that comes too slowly
		return &reply{slow.Status, slow.RetryAfter, slow.Detail}
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &reply{status: http.StatusRequestEntityTooLarge, reason: fmt.Sprintf("the event is larger than %d bytes", tooLarge.Limit)}
	}
	switch {
	case errors.Is(err, event.ErrFormat):
		return &reply{status: http.StatusUnsupportedMediaType, reason: reason}
	case errors.Is(err, event.ErrMalformed):
		return &reply{status: http.StatusBadRequest, reason: reason}
	}
	return &reply{status: http.StatusBadRequest, reason: "the request cannot be read"}
}
