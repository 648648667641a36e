package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestEventsThatStandForNothing(t *testing.T) {
	face := new(faceStub)
	face.start(t)
	s := newSystem(t, face)
	const structured = "application/cloudevents+json"
	eventJSON := func(kind, data string) string {
		return `{"specversion":"1.0","type":"` + kind + `","source":"/test","id":"1","datacontenttype":"application/json","data":` + data + `}`
	}
	for name, c := range map[string]struct {
		body, kind string
		status     int
	}{
		"no such picture":           {eventJSON("dev.lineup.image.submitted", `{"id":99,"path":"a"}`), structured, http.StatusGone},
		"no id":                     {eventJSON("dev.lineup.image.submitted", `{"path":"a"}`), structured, http.StatusUnprocessableEntity},
		"an id that is none":        {eventJSON("dev.lineup.image.submitted", `{"id":-1}`), structured, http.StatusUnprocessableEntity},
		"data of another shape":     {eventJSON("dev.lineup.image.submitted", `[]`), structured, http.StatusUnprocessableEntity},
		"another type":              {eventJSON("dev.lineup.nsq.message", `"garbage"`), structured, http.StatusUnprocessableEntity},
		"an empty batch":            {`[]`, "application/cloudevents-batch+json", http.StatusAccepted},
		"a batch of two":            {"[" + eventJSON("dev.lineup.image.submitted", `{"id":1}`) + "," + eventJSON("dev.lineup.image.submitted", `{"id":2}`) + "]", "application/cloudevents-batch+json", http.StatusBadRequest},
		"a batch of one bad event":  {`[{"specversion":"1.0"}]`, "application/cloudevents-batch+json", http.StatusBadRequest},
		"another event format":      {`<event/>`, "application/cloudevents+xml", http.StatusUnsupportedMediaType},
		"no event":                  {`garbage`, structured, http.StatusBadRequest},
		"no event either":           {`garbage`, "text/plain", http.StatusBadRequest},
		"an event larger than 1 MB": {eventJSON("dev.lineup.image.submitted", `"`+strings.Repeat("a", 1<<20)+`"`), structured, http.StatusRequestEntityTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if got := s.post(t, c.body, c.kind); got.Code != c.status {
				t.Errorf("%d %s, want %d", got.Code, got.Body, c.status)
			}
		})
	}
	s.pipeline.store.Close()
	s.wantAnswer(t, s.deliver(t, 1), http.StatusServiceUnavailable, "5")
}
