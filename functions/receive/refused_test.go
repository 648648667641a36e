package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
)

// Of a batch with an event that is none, the others are accepted; nobody reads why, so
// a dead letter says it.
func TestARefusedEventOfABatchIsADeadLetter(t *testing.T) {
	s := newSystem(t)
	const (
		good = `{"specversion":"1.0","type":"dev.lineup.image.submitted","source":"/test","id":"1","datacontenttype":"application/json","data":{"path":"a.jpg"}}`
		bad  = `{"specversion":"1.0","type":"dev.lineup.image.submitted","source":"/test","id":"2","data_base64":5}`
		none = `{"specversion":"1.0","type":"dev.lineup.image.submitted","source":"/test","id":"4","data":{"path":"../nowhere/"}}`
		out  = `{"specversion":"1.0","type":"dev.lineup.image.submitted","source":"/test","id":"3","datacontenttype":"application/json","data":{"path":"../a.jpg"}}`
	)
	got := s.do(t, "/", "["+good+","+bad+","+out+","+none+"]", "Content-Type", "application/cloudevents-batch+json")
	if got.status != http.StatusAccepted || got.body != "" {
		t.Fatalf("%d %q, want 202 without a body", got.status, got.body)
	}
	for i, message := range s.next(t, "images.dead", 3) {
		if want := []string{bad, out, none}[i]; string(letterOf(t, message).Body) != want {
			t.Errorf("%s, want a letter of %s", message, want)
		}
	}
	if hint := s.nextHints(t, 1)[0]; hint == "" {
		t.Error("the good event's picture has no hint")
	}
}

// A storage event tells of many objects, but is one event.
func TestARefusedStorageEventIsOneDeadLetter(t *testing.T) {
	s, _ := newBucketSystem(t)
	const put = "ObjectCreated:Put"
	batched := func(id, data string) string {
		return `{"specversion":"1.0","type":"com.example.s3","source":"/test","id":"` + id + `","data":` + data + `}`
	}
	mixed := batched("1", records(record(put, "other", "in/a.jpg"), record(put, "pictures", "in/b.jpg"), record(put, "third", "in/c.jpg"), record(put, "other", "in/d.jpg")))
	last := batched("2", records(record(put, "other", "in/a.jpg")))
	if got := s.do(t, "/", "["+mixed+","+last+"]", "Content-Type", "application/cloudevents-batch+json"); got.status != http.StatusAccepted || got.body != "" {
		t.Fatalf("%d %q, want 202 without a body", got.status, got.body)
	}
	for i, message := range s.next(t, "images.dead", 2) { // were there a third, the second would not be the last event's
		letter := letterOf(t, message)
		other, third := strings.Count(letter.Reason, `"other"`), strings.Count(letter.Reason, `"third"`)
		if want := []string{mixed, last}[i]; string(letter.Body) != want || other != 1 || third != 1-i {
			t.Errorf("%s, want a letter of %s with each reason once", message, want)
		}
	}
}

func letterOf(t *testing.T, message string) (letter event.DeadLetter) {
	t.Helper()
	e := testkit.Must(event.Unmarshal([]byte(message)))(t)
	testkit.Succeed(t, json.Unmarshal(e.Data(), &letter))
	if e.Type() != event.TypeNSQDead || letter.Status != http.StatusUnprocessableEntity || letter.Topic != "images" || len(letter.Message) != 16 || letter.Reason == "" || e.Time().IsZero() {
		t.Errorf("%s is no dead letter", message)
	}
	return letter
}

// What a Trigger could not deliver comes here with Knative's words about it.
func TestWhatKnativeCannotDeliverIsADeadLetter(t *testing.T) {
	s := newSystem(t)
	got := s.do(t, "/dead", `{"path":"a.jpg"}`, "Ce-Specversion", "1.0", "Ce-Type", "dev.lineup.image.submitted", "Ce-Source", "/test", "Ce-Id", "7",
		"Ce-Knativeerrordest", "http://receive.lineup/", "Ce-Knativeerrorcode", "422", "Content-Type", "application/json")
	if got.status != http.StatusAccepted || got.body != "" {
		t.Fatalf("%d %q, want 202 without a body", got.status, got.body)
	}
	letter := letterOf(t, s.next(t, "images.dead", 1)[0])
	e := testkit.Must(event.Unmarshal(letter.Body))(t)
	if e.ID() != "7" || string(e.Data()) != `{"path":"a.jpg"}` || letter.Reason != "not delivered: http://receive.lineup/ 422" {
		t.Errorf("%+v, want the event whole and why", letter)
	}
	if got := s.do(t, "/dead", `hello`); got.status != http.StatusBadRequest {
		t.Errorf("what is no event: %d %s, want 400", got.status, got.body)
	}
}

// Knative tries again what is answered 503; after a 202 the event would be lost.
func TestADeadLetterThatNSQDoesNotTakeIsAnswered503(t *testing.T) {
	s := newSystem(t)
	s.nsqd.Stop()
	send := func() reply {
		return s.do(t, "/dead", `{"path":"a.jpg"}`, "Ce-Specversion", "1.0", "Ce-Type", "dev.lineup.image.submitted", "Ce-Source", "/test", "Ce-Id", "7",
			"Accept", "application/json")
	}
	if got := send(); got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" || !strings.Contains(got.body, "send it again") {
		t.Errorf("%d %v %s, want 503 that says when to send it again", got.status, got.header, got.body)
	}
	s.nsqd.Start(t)
	if got := send(); got.status != http.StatusAccepted {
		t.Fatalf("once nsqd is back: %d %s, want 202", got.status, got.body)
	}
	letterOf(t, s.next(t, "images.dead", 1)[0])
}
