package main

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lineup.dev/lineup/pkg/lineup"
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

// wrapped posts a message as the bridge does that is no event.
func (s *system) wrapped(t *testing.T, kind string, body []byte) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(body))
	for name, value := range map[string]string{
		"Ce-Specversion": "1.0", "Ce-Type": "dev.lineup.nsq.message", "Ce-Source": "/lineup/bridge", "Ce-Id": "1", "Content-Type": kind,
	} {
		request.Header.Set(name, value)
	}
	answer := httptest.NewRecorder()
	s.handler.ServeHTTP(answer, request)
	return answer
}

func TestIDsOfTheOriginalSystem(t *testing.T) {
	face := &faceStub{answer: nobody}
	face.start(t)
	s := newSystem(t, face)
	s.submit(t, "a.jpg")
	const bytes8 = "application/octet-stream"
	one := binary.LittleEndian.AppendUint64(nil, 1)

	got := s.wrapped(t, bytes8, one)
	if got.Code != http.StatusUnprocessableEntity || !strings.Contains(got.Body.String(), "ORIGINAL_IDS=on") || s.image(t, 1).Status != lineup.Pending {
		t.Errorf("off: %d %s, the picture is %s; want it refused, and what to set", got.Code, got.Body, s.image(t, 1).Status)
	}
	s.handler.submitted.originalIDs = true
	for name, c := range map[string]struct {
		kind, body string
		status     int
	}{
		"no such picture":   {bytes8, "\x63\x00\x00\x00\x00\x00\x00\x00", http.StatusGone},
		"id 0":              {bytes8, "\x00\x00\x00\x00\x00\x00\x00\x00", http.StatusUnprocessableEntity},
		"an id below 0":     {bytes8, "\xff\xff\xff\xff\xff\xff\xff\xff", http.StatusUnprocessableEntity},
		"the highest first": {bytes8, "\x00\x00\x00\x00\x00\x00\x00\x01", http.StatusUnprocessableEntity},
		"a text":            {bytes8, "12345678", http.StatusUnprocessableEntity},
		"a number in JSON":  {"application/json", "12345678", http.StatusUnprocessableEntity},
		"7 bytes":           {bytes8, "\x01\x00\x00\x00\x00\x00\x00", http.StatusUnprocessableEntity},
	} {
		if got := s.wrapped(t, c.kind, []byte(c.body)); got.Code != c.status || strings.Contains(got.Body.String(), "ORIGINAL_IDS") {
			t.Errorf("%s: %d %s, want %d", name, got.Code, got.Body, c.status)
		}
	}
	if got := s.wrapped(t, bytes8, one); got.Code != http.StatusOK || !s.image(t, 1).Status.Final() {
		t.Errorf("on: %d %s, the picture is %s", got.Code, got.Body, s.image(t, 1).Status)
	}
	s.submit(t, "b.jpg")
	s.wantAnswer(t, s.deliver(t, 2), http.StatusOK, "") // Lineup's own hints are understood as before
}
