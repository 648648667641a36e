package main

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"lineup.dev/lineup/local/testkit"
)

func TestEventsOfOneSubjectAreShownAlone(t *testing.T) {
	var s results
	for _, subject := range []string{"images/1", "images/11", "images/1"} {
		e := cloudevents.New()
		e.SetID("1")
		e.SetType("t")
		e.SetSource("/s")
		e.SetSubject(subject)
		s.add(e)
	}
	for query, want := range map[string][]string{
		"/":                   {"images/1", "images/11", "images/1"},
		"/?subject=images/1":  {"images/1", "images/1"},
		"/?subject=images/12": {},
	} {
		recorder := httptest.NewRecorder()
		s.show(recorder, httptest.NewRequestWithContext(t.Context(), "GET", query, nil))
		var shown []cloudevents.Event
		testkit.Succeed(t, json.Unmarshal(recorder.Body.Bytes(), &shown))
		got := []string{}
		for _, e := range shown {
			got = append(got, e.Subject())
		}
		if shown == nil || !slices.Equal(got, want) {
			t.Errorf("%s shows %q, want %q", query, got, want)
		}
	}
}
