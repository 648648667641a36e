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

// submission is what an event asks for.
type submission struct {
	kind  string // the event's type; of a message of the original system's receiver, a picture's
	id    int64  // of what waits: for a re-match, of the first picture of its range
	path  string // of a picture, as the event tells it
	trace event.Trace
}

// read reads a submitted event. Where the request holds no such event, the reply is not nil.
func (s submittedReader) read(w http.ResponseWriter, r *http.Request) (submission, *reply) {
	if r.Method != http.MethodPost {
		return submission{}, &reply{status: http.StatusMethodNotAllowed, reason: "send a CloudEvent with POST"}
	}
	r.Body = http.MaxBytesReader(w, r.Body, s.limit)
	received, err := event.Read(r)
	switch {
	case err != nil:
		return submission{}, unreadable(err)
	case len(received) == 0: // an empty batch
		return submission{}, &reply{status: http.StatusAccepted}
	case len(received) > 1: // the answer can be about one thing only
		return submission{}, &reply{status: http.StatusBadRequest, reason: "send one event at a time"}
	case received[0].Err != nil:
		return submission{}, unreadable(received[0].Err)
	}
	return s.submissionOf(received[0].Event)
}

func (s submittedReader) submissionOf(e cloudevents.Event) (submission, *reply) {
	what := submission{kind: e.Type(), trace: event.TraceOf(e)}
	if id, ok := originalID(e); ok {
		if !s.originalIDs {
			return submission{}, &reply{status: http.StatusUnprocessableEntity, reason: fmt.Sprintf(
				"8 bytes, as the original system's receiver sends for image %d: set ORIGINAL_IDS=on if it writes its rows to this database's images", id)}
		}
		what.kind, what.id = event.TypeSubmitted, id
		return what, nil
	}
	var err error
	least := int64(1)
	form := `{"id": a number above 0}`
	switch what.kind {
	case event.TypeSubmitted:
		var data event.ImageData
		data, err = event.ImageOf(e)
		what.id, what.path, form = data.ID, data.Path, `{"id": a number above 0, "path": "..."}`
	case event.TypePhotoSubmitted:
		var data event.PhotoData
		data, err = event.PhotoOf(e)
		what.id = data.ID
	case event.TypeRematchSubmitted:
		var data event.RematchData
		data, err = event.RematchOf(e)
		what.id, form, least = data.FirstImage, `{"first_image": a multiple of 500, "gallery_state": a number}`, 0
	case event.TypeChangeSubmitted:
		var data event.ChangeData
		data, err = event.ChangeOf(e)
		what.id = data.ID
	default:
		return submission{}, &reply{status: http.StatusUnprocessableEntity, reason: fmt.Sprintf(
			"events of type %q mean nothing here, %s, %s, %s and %s do", what.kind, event.TypeSubmitted, event.TypePhotoSubmitted, event.TypeRematchSubmitted, event.TypeChangeSubmitted)}
	}
	if err != nil || what.id < least {
		return submission{}, &reply{status: http.StatusUnprocessableEntity, reason: "the event's data must be " + form}
	}
	return what, nil
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
