package main

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/serve"
)

// isPing recognises a PingSource's event by its headers alone: nothing else of such a
// request is read, so it needs no key.
func isPing(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == "/" && !strings.HasPrefix(mediaType(r), "application/cloudevents") &&
		r.Header.Get("Ce-Specversion") != "" && r.Header.Get("Ce-Type") == event.TypePing
}

func mediaType(r *http.Request) string {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind
}

// postEvents takes CloudEvents in every mode, and the JSON of the other routes.
func (r *receiver) postEvents(w http.ResponseWriter, request *http.Request) error {
	switch {
	case isPing(request):
		return r.postPing(w, request)
	case !isEvent(request):
		return r.postPaths(w, request)
	}
	request.Body = http.MaxBytesReader(w, request.Body, r.limits.MaxBody)
	events, err := readEvents(request)
	if err != nil {
		return err
	}
	pictures, pinged := picturesOf(events)
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	if pinged {
		if err := r.ping(ctx); err != nil {
			return err
		}
	}
	if len(pictures) == 0 { // an empty batch, or pings alone
		w.WriteHeader(http.StatusAccepted)
		return nil
	}
	if err := r.submit(ctx, pictures); err != nil {
		return err
	}
	if anyAccepted(pictures) && !serve.WantsJSON(request) {
		// A Broker would take a body for an event, and for a malformed one.
		w.WriteHeader(http.StatusAccepted)
		return nil
	}
	answer(w, request, pictures)
	return nil
}

func (r *receiver) postPing(w http.ResponseWriter, request *http.Request) error {
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	if err := r.ping(ctx); err != nil {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

func (r *receiver) ping(ctx context.Context) error {
	if err := r.sweeper.sweep(ctx); err != nil {
		r.log.Warn("sweep failed", "error", err)
		return unavailable("the hints could not be published again; the next ping will")
	}
	return nil
}

func isEvent(r *http.Request) bool {
	return strings.HasPrefix(mediaType(r), "application/cloudevents") || r.Header.Get("Ce-Specversion") != ""
}

func readEvents(request *http.Request) ([]cloudevents.Event, error) {
	kind := mediaType(request)
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

// picturesOf gives the pictures that the events submit, and whether a ping is among
// the events. An invalid event becomes a refused picture, so that the others of its
// batch are accepted.
func picturesOf(events []cloudevents.Event) (pictures []picture, pinged bool) {
	for _, e := range events {
		if e.Validate() == nil && e.Type() == event.TypePing {
			pinged = true
			continue
		}
		p, err := pictureOf(e)
		if err != nil {
			p = refusedPicture(err)
		}
		pictures = append(pictures, p)
	}
	return pictures, pinged
}

func pictureOf(e cloudevents.Event) (picture, error) {
	if err := e.Validate(); err != nil {
		return picture{}, fmt.Errorf("not a valid CloudEvent: %s", oneLine(err))
	}
	if e.Type() != event.TypeSubmitted {
		return picture{}, fmt.Errorf("events of type %q are not accepted here, %s is", e.Type(), event.TypeSubmitted)
	}
	if !utf8.Valid(e.Data()) {
		return picture{}, errors.New("the event's data is not valid UTF-8")
	}
	data, err := event.ImageOf(e)
	if err != nil {
		return picture{}, errors.New(`the event's data is not {"path": "..."}`)
	}
	return newPicture(data.Path, event.TraceOf(e)), nil
}
