package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/pkg/event"
)

func TestADeadLetterThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	url, arrivals := sinkOf(t, func(w http.ResponseWriter, _ arrival) { w.WriteHeader(http.StatusGone) })
	start(t, nsqd, url, func(s *settings) { s.NSQ.MaxMessage = 16 << 10 }) // neither the letter nor the body fit
	publish(t, nsqd, "images", strings.Repeat("x", 17<<10))
	for attempt := 1; attempt <= 3; attempt++ {
		if n := receive(t, arrivals, "the next attempt").attempts(t); n != attempt {
			t.Fatalf("attempt %d says it is attempt %d", attempt, n)
		}
	}
	if n := countsOf(t, nsqd, "images.dead", "").Published; n != 0 {
		t.Errorf("%d dead letters", n)
	}
}

func TestADeadLetterThatWouldBeTooLargeIsTheBodyAlone(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	body := strings.Repeat("x", 1<<20) // all that nsqd takes, so there is no room for more
	url, _ := sinkOf(t, func(w http.ResponseWriter, _ arrival) { w.WriteHeader(http.StatusRequestEntityTooLarge) })
	start(t, nsqd, url, nil)
	publish(t, nsqd, "images", body)
	if d := receive(t, deadLettersAt(t, nsqd, "images.dead"), "the dead letter"); d.body() != body {
		t.Errorf("the dead letter has %d bytes, want the message's %d", len(d.body()), len(body))
	}
}

func TestAnAnswersBodyIsNotReadWithoutEnd(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	chatter := strings.Repeat("because ", 1<<10)
	written := make(chan int, 1)
	url, _ := sinkOf(t, func(w http.ResponseWriter, _ arrival) {
		w.WriteHeader(http.StatusBadRequest)
		n := 0
		for range 10_000 { // 80 MB, unless the bridge hangs up
			m, err := w.Write([]byte(chatter))
			n += m
			if err != nil {
				break
			}
		}
		written <- n
	})
	start(t, nsqd, url, nil)
	publish(t, nsqd, "images", "first")
	var letter event.DeadLetter
	if err := json.Unmarshal(receive(t, deadLettersAt(t, nsqd, "images.dead"), "the dead letter").event.Data(), &letter); err != nil {
		t.Fatal(err)
	}
	if len(letter.Reason) > 2<<10 || !strings.HasPrefix(letter.Reason, "400 Bad Request: because because") {
		t.Errorf("reason of %d bytes: %.50s", len(letter.Reason), letter.Reason)
	}
	if n := receive(t, written, "the end of the answer"); n == 80_000*1024 {
		t.Errorf("the bridge read all of it")
	}
}

func checkLetter(t *testing.T, d arrival, code int) {
	t.Helper()
	var letter event.DeadLetter
	if err := json.Unmarshal(d.event.Data(), &letter); err != nil {
		t.Fatal(err)
	}
	if d.event.Type() != "dev.lineup.nsq.dead" || string(letter.Body) != "first" || letter.Status != code ||
		letter.Topic != "images" || letter.Channel != "process" || letter.Attempts != 1 || len(letter.Message) != 16 ||
		letter.Reason == "" || time.Since(letter.Published) > time.Minute {
		t.Errorf("dead letter: %s", d.event)
	}
}
