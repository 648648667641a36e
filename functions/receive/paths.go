package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/serve"
)

// errBody says that a body is malformed.
var errBody = errors.New("the body cannot be read")

func malformed(why string, args ...any) error {
	return fmt.Errorf("%w: %s", errBody, fmt.Sprintf(why, args...))
}

func tooLargeProblem(what string, limit int64) *serve.Problem {
	return &serve.Problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("%s is larger than the %d bytes allowed", what, limit)}
}

// postPaths takes the seed's JSON, whatever its Content-Type says.
func (r *receiver) postPaths(w http.ResponseWriter, request *http.Request) error {
	pictures, err := r.readPaths(w, request)
	if err != nil {
		return err
	}
	ctx, cancel := r.limited(request)
	defer cancel()
	answers, err := r.accept(ctx, pictures)
	if err != nil {
		return err
	}
	return answer(w, request, pictures, answers)
}

func (r *receiver) readPaths(w http.ResponseWriter, request *http.Request) ([]posted, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, r.MaxBody))
	if err != nil {
		return nil, bodyError(err)
	}
	if !utf8.Valid(body) { // decoding would put another character in its place
		return nil, &serve.Problem{Status: http.StatusUnprocessableEntity, Detail: "path refused: the body is no valid UTF-8"}
	}
	type picture struct {
		Path *string `json:"path"`
	}
	var message struct {
		picture
		Paths []picture `json:"paths"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&message); err != nil {
		return nil, malformed(`%s; send {"path": "..."} or {"paths": [{"path": "..."}]}`, strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, malformed("something follows the JSON object")
	}
	if name := repeated(body); name != "" {
		return nil, malformed("field %q stands twice in one object", name)
	}
	var pictures []posted
	if message.Path != nil {
		pictures = append(pictures, posted{path: *message.Path, trace: traceOf(request)})
	}
	for i, p := range message.Paths {
		if p.Path == nil {
			return nil, malformed("paths[%d] has no path", i)
		}
		pictures = append(pictures, posted{path: *p.Path, trace: traceOf(request)})
	}
	return pictures, r.checkCount(len(pictures))
}

func (r *receiver) checkCount(pictures int) error {
	if pictures == 0 {
		return malformed(`it names no picture; send {"path": "..."} or {"paths": [{"path": "..."}]}`)
	}
	if pictures > r.MaxBatch {
		return &serve.Problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("%d pictures, %d are allowed in one request", pictures, r.MaxBatch)}
	}
	return nil
}

// post takes CloudEvents in every mode, and the JSON of the other routes.
func (r *receiver) post(w http.ResponseWriter, request *http.Request) error {
	if isPing(request) {
		ctx, cancel := r.limited(request)
		defer cancel()
		if err := r.ping(ctx); err != nil {
			return err
		}
		w.WriteHeader(http.StatusAccepted)
		return nil
	}
	kind, _, _ := mime.ParseMediaType(request.Header.Get("Content-Type"))
	isEvent := strings.HasPrefix(kind, "application/cloudevents") || request.Header.Get("Ce-Specversion") != ""
	if !isEvent {
		return r.postPaths(w, request)
	}
	request.Body = http.MaxBytesReader(w, request.Body, r.MaxBody)
	events, err := readEvents(request, kind)
	if err != nil {
		return err
	}
	ctx, cancel := r.limited(request)
	defer cancel()
	pictures, pinged := pictures(events)
	if pinged {
		if err := r.ping(ctx); err != nil {
			return err
		}
		if len(pictures) == 0 {
			w.WriteHeader(http.StatusAccepted)
			return nil
		}
	}
	if err := r.checkCount(len(pictures)); err != nil {
		return err
	}
	answers, err := r.accept(ctx, pictures)
	if err != nil {
		return err
	}
	for _, a := range answers {
		// A Broker would take a body for an event of ours, and a wrong one.
		if a.ID != 0 && !serve.WantsJSON(request) {
			w.WriteHeader(http.StatusAccepted)
			return nil
		}
	}
	return answer(w, request, pictures, answers)
}

func (r *receiver) ping(ctx context.Context) error {
	if err := r.sweeper.sweep(ctx); err != nil {
		r.log.Warn("sweep failed", "error", err)
		return unavailable("the hints could not be given again; the next ping will")
	}
	return nil
}

func readEvents(request *http.Request, kind string) ([]cloudevents.Event, error) {
	if kind == cloudevents.ApplicationCloudEventsBatchJSON {
		// The SDK's own test of the header knows no parameters: this is what it does for a batch.
		request.Header.Set("Content-Type", kind)
		events, err := cehttp.NewEventsFromHTTPRequest(request)
		if err != nil {
			return nil, bodyError(err)
		}
		return events, nil
	}
	e, err := cehttp.NewEventFromHTTPRequest(request)
	if err != nil {
		return nil, bodyError(err)
	}
	return []cloudevents.Event{*e}, nil
}

// pictures reads what the events submit. One that is not what it should be becomes
// a refused picture, so that the others of its batch are accepted.
func pictures(events []cloudevents.Event) (pictures []posted, pinged bool) {
	for _, e := range events {
		if err := e.Validate(); err != nil {
			pictures = append(pictures, posted{err: fmt.Errorf("no valid CloudEvent: %s", strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; "))})
			continue
		}
		switch e.Type() {
		case event.TypePing:
			pinged = true
		case event.TypeSubmitted:
			data, err := event.ImageOf(e)
			p := posted{path: data.Path, trace: event.TraceOf(e)}
			if !utf8.Valid(e.Data()) {
				p.err = errors.New("the event's data is no valid UTF-8")
			} else if err != nil {
				p.err = errors.New(`the event's data is not {"path": "..."}`)
			}
			pictures = append(pictures, p)
		default:
			pictures = append(pictures, posted{err: fmt.Errorf("events of type %q mean nothing here, %s does", e.Type(), event.TypeSubmitted)})
		}
	}
	return pictures, pinged
}

// bodyError keeps "too large" and "too slow" apart from "malformed".
func bodyError(err error) error {
	if slow, ok := errors.AsType[*serve.Problem](err); ok {
		return slow
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge
	}
	return malformed("%s", strings.ReplaceAll(err.Error(), "\n", "; "))
}
