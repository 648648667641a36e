package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"lineup.dev/lineup/pkg/event"
)

// Of a batch with an event that is none, the others are accepted; nobody reads why, so
// a dead letter says it.
func TestARefusedEventOfABatchIsADeadLetter(t *testing.T) {
	s := newSystem(t)
	const (
		good = `{"specversion":"1.0","type":"dev.lineup.image.submitted","source":"/test","id":"1","datacontenttype":"application/json","data":{"path":"a.jpg"}}`
		bad  = `{"specversion":"1.0","type":"dev.lineup.image.submitted","source":"/test","id":"2","data_base64":5}`
		out  = `{"specversion":"1.0","type":"dev.lineup.image.submitted","source":"/test","id":"3","datacontenttype":"application/json","data":{"path":"../a.jpg"}}`
	)
	got := s.do(t, "/", "["+good+","+bad+","+out+"]", "Content-Type", "application/cloudevents-batch+json")
	if got.status != http.StatusAccepted || got.body != "" {
		t.Fatalf("%d %q, want 202 without a body", got.status, got.body)
	}
	for i, message := range s.next(t, "images.dead", 2) {
		e, err := event.Unmarshal([]byte(message))
		var letter event.DeadLetter
		if err == nil {
			err = json.Unmarshal(e.Data(), &letter)
		}
		if want := []string{bad, out}[i]; err != nil || e.Type() != event.TypeNSQDead || string(letter.Body) != want || letter.Status != http.StatusUnprocessableEntity ||
			letter.Topic != "images" || letter.Reason == "" || e.Time().IsZero() {
			t.Errorf("%s, %v; want a letter of %s", message, err, want)
		}
	}
	if hint := s.nextHints(t, 1)[0]; hint == "" {
		t.Error("the good event's picture has no hint")
	}
}
