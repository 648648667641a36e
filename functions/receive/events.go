package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/serve"
)

// isPing recognises a PingSource's event by its headers alone: nothing else of such a
// request is read, so it needs no key.
func isPing(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == "/" && event.IsBinary(r) && r.Header.Get("Ce-Type") == event.TypePing
}

// postEvents takes CloudEvents in every mode, and the JSON of the other routes.
func (r *receiver) postEvents(w http.ResponseWriter, request *http.Request) error {
	switch {
	case isPing(request):
		return r.postPing(w, request)
	case !event.IsEvent(request):
		return r.postPaths(w, request)
	}
	request.Body = http.MaxBytesReader(w, request.Body, r.limits.MaxBody)
	events, err := event.Read(request)
	if err != nil {
		return eventError(err)
	}
	pictures, pinged := r.picturesOf(events)
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
	r.prewarm(request)
	if err := r.submit(ctx, pictures); err != nil {
		return err
	}
	if anyAccepted(pictures) && !serve.WantsJSON(request) {
		// A Broker would take a body for an event, and for a malformed one.
		r.keepRefused(ctx, pictures)
		w.WriteHeader(http.StatusAccepted)
		return nil
	}
	r.answer(w, request, pictures)
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
		return unavailable("the hints could not be published again, or a folder not gone on with; the next ping will")
	}
	return nil
}

// picturesOf gives the pictures that the events submit, and whether a ping is among
// the events. An event that cannot be accepted becomes a refused picture, so that the
// others of its batch are accepted.
func (r *receiver) picturesOf(events []event.Received) (pictures []picture, pinged bool) {
	for i, e := range events {
		if e.Err == nil && e.Event.Type() == event.TypePing {
			pinged = true
			continue
		}
		of, err := r.picturesOfEvent(e)
		if err != nil {
			r.log.Warn("event refused", "position", i, "id", e.Event.ID(), "source", e.Event.Source(), "error", err)
			of = []picture{refusedPicture(err)}
		}
		for j := range of {
			of[j].body = e.Body
		}
		pictures = append(pictures, of...)
	}
	return pictures, pinged
}

func (r *receiver) picturesOfEvent(e event.Received) ([]picture, error) {
	if e.Err == nil {
		objects, isStorage, err := event.ObjectsOf(e.Event)
		if isStorage || err != nil {
			return r.picturesOfObjects(objects, event.TraceOf(e.Event)), err
		}
	}
	p, err := pictureOf(e)
	return []picture{p}, err
}

func pictureOf(e event.Received) (picture, error) {
	if e.Err != nil {
		return picture{}, errors.New(oneLine(e.Err))
	}
	if e.Event.Type() != event.TypeSubmitted {
		return picture{}, fmt.Errorf("events of type %q are not accepted here, %s is", e.Event.Type(), event.TypeSubmitted)
	}
	if !utf8.Valid(e.Event.Data()) {
		return picture{}, errors.New("the event's data is not valid UTF-8")
	}
	data, err := event.ImageOf(e.Event)
	if err != nil {
		return picture{}, errors.New(`the event's data is not {"path": "..."}`)
	}
	return newPicture(data.Path, event.TraceOf(e.Event)), nil
}
