package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestTable has every row of the acknowledgement table happen. The sink answers
// the first message with the row's answer. As soon as it did, a second message is
// published, which tells a pause of everything from a delay of one message.
func TestTable(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a redirect was followed: %s %s", r.Method, r.URL)
	}))
	t.Cleanup(elsewhere.Close)
	cutOff := func(w http.ResponseWriter) { panic(http.ErrAbortHandler) }
	slow := func(http.ResponseWriter) { time.Sleep(700 * time.Millisecond) } // more than SINK_TIMEOUT

	const ( // what becomes of the first message, and of the second meanwhile
		finished = iota
		again    // within a second, and the second at once
		later    // after more than a second, and the second at once
		paused   // after more than a second, and so the second
		buried   // never, and the second at once
	)
	for what, row := range map[string]struct {
		answer func(http.ResponseWriter)
		want   int
	}{
		"200":                  {status(200), finished},
		"202":                  {status(202), finished},
		"503 with Retry-After": {status(503, "Retry-After", "2"), paused},
		"503 with a date as Retry-After": {func(w http.ResponseWriter) {
			status(503, "Retry-After", time.Now().Add(3*time.Second).UTC().Format(http.TimeFormat))(w)
		}, paused},
		"503":                    {status(503), again},
		"409 with Retry-After":   {status(409, "Retry-After", "2"), later},
		"425 with Retry-After":   {status(425, "Retry-After", "2"), later},
		"429 with Retry-After":   {status(429, "Retry-After", "2"), later},
		"409":                    {status(409), again},
		"425":                    {status(425), again},
		"429":                    {status(429), again},
		"401":                    {status(401), again},
		"403":                    {status(403), again},
		"404":                    {status(404), again},
		"408":                    {status(408), again},
		"500":                    {status(500), again},
		"502":                    {status(502), again},
		"504 with Retry-After":   {status(504, "Retry-After", "2"), again},
		"a redirect":             {status(307, "Location", elsewhere.URL), again},
		"the connection cut off": {cutOff, again},
		"a timeout":              {slow, again},
		"400":                    {status(400), buried},
		"410":                    {status(410), buried},
		"413":                    {status(413), buried},
		"415":                    {status(415), buried},
		"422":                    {status(422), buried},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			nsqd := nsqdWith(t)
			url, deliveries := sinkOf(t, once(row.answer))
			start(t, nsqd, url, func(s *settings) { s.SinkTimeout = 500 * time.Millisecond })
			publish(t, nsqd, "images", "first")
			first := receive(t, deliveries, "the first message")
			publish(t, nsqd, "images", "second")
			published := time.Now()

			seen := map[string]delivery{}
			expected := 2
			if row.want == finished || row.want == buried {
				expected = 1
			}
			for range expected {
				d := receive(t, deliveries, "the messages that are left")
				seen[d.body()] = d
			}
			repeated, second := seen["first"].at.Sub(first.at), seen["second"].at.Sub(published)
			switch row.want {
			case finished, buried:
				if _, ok := seen["first"]; ok {
					t.Fatalf("the first message came again after %v", repeated)
				}
			case again:
				// 200 ms with jitter, nsqd looks for what is due every 100 ms, and the
				// timeout itself takes 500 ms
				if repeated < 100*time.Millisecond || repeated > 1900*time.Millisecond {
					t.Errorf("the first message came again after %v, want the usual delay", repeated)
				}
			case later, paused:
				if repeated < 1900*time.Millisecond {
					t.Errorf("the first message came again after %v, want what Retry-After says", repeated)
				}
			}
			if row.want != paused && second > 1500*time.Millisecond {
				t.Errorf("the second message waited %v for the first", second)
			}
			if row.want == paused && second < 1500*time.Millisecond {
				t.Errorf("the second message came %v after it was published, in the pause", second)
			}
			if row.want == buried {
				checkLetter(t, receive(t, deadLetters(t, nsqd, "images.dead"), "the dead letter"), what)
			}
			eventually(t, "nothing is left in the channel", func() bool { return countsOf(t, nsqd, "images", "process").left() == 0 })
			if len(deliveries) > 0 {
				t.Errorf("another delivery: %s", (<-deliveries).event)
			}
		})
	}
}

func checkLetter(t *testing.T, d delivery, status string) {
	t.Helper()
	var letter deadLetter
	if err := json.Unmarshal(d.event.Data(), &letter); err != nil {
		t.Fatal(err)
	}
	if d.event.Type() != "dev.lineup.nsq.dead" || string(letter.Body) != "first" || fmt.Sprint(letter.Status) != status ||
		letter.Topic != "images" || letter.Channel != "process" || letter.Attempts != 1 || len(letter.Message) != 16 ||
		letter.Reason == "" || time.Since(letter.Published) > time.Minute {
		t.Errorf("dead letter: %s", d.event)
	}
}

func TestASinkThatIsNotThereYet(t *testing.T) {
	nsqd := nsqdWith(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	start(t, nsqd, "http://"+address, nil)
	publish(t, nsqd, "images", "early")
	eventually(t, "it was tried in vain", func() bool { return countsOf(t, nsqd, "images", "process").Requeued >= 2 })

	if listener, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	got := make(chan delivery, 10)
	server := httptest.NewUnstartedServer(handler(t, got, nil))
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	if d := receive(t, got, "the message"); d.body() != "early" || d.attempts(t) < 3 {
		t.Errorf("%q at attempt %d", d.body(), d.attempts(t))
	}
}

func TestNothingIsDroppedForHavingBeenTriedOften(t *testing.T) {
	nsqd := nsqdWith(t)
	url, deliveries := sinkOf(t, func(w http.ResponseWriter, d delivery) {
		if d.attempts(t) <= 12 { // go-nsq's own limit is 5
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	start(t, nsqd, url, func(s *settings) { s.RetryMin, s.RetryMax = time.Millisecond, 20*time.Millisecond })
	publish(t, nsqd, "images", "stubborn")
	for attempt := 1; attempt <= 13; attempt++ {
		if n := receive(t, deliveries, fmt.Sprint("attempt ", attempt)).attempts(t); n != attempt {
			t.Fatalf("attempt %d says it is attempt %d", attempt, n)
		}
	}
	eventually(t, "nothing is left", func() bool {
		c := countsOf(t, nsqd, "images", "process")
		return c.Depth+c.InFlight+c.Deferred == 0 && c.Requeued == 12
	})
}

func TestNoStormDuringAPause(t *testing.T) {
	nsqd := nsqdWith(t)
	var bodies []string
	for i := range 300 {
		bodies = append(bodies, fmt.Sprint(i))
	}
	publish(t, nsqd, "images", bodies...)
	over := time.Now().Add(2500 * time.Millisecond)
	url, deliveries := sinkOf(t, func(w http.ResponseWriter, _ delivery) {
		if time.Now().Before(over) {
			status(503, "Retry-After", "1")(w)
		}
	})
	start(t, nsqd, url, func(s *settings) { s.MaxInFlight = 16 })
	delivered, refused := map[string]bool{}, 0
	for len(delivered) < len(bodies) {
		d := receive(t, deliveries, "all messages")
		if d.at.Before(over) {
			refused++
		} else {
			delivered[d.body()] = true
		}
		if d.attempts(t) > 8 {
			t.Errorf("message %s is at attempt %d", d.body(), d.attempts(t))
		}
	}
	// Three rounds of a second each, in which at most those in flight, and those on
	// their way when the first answer came, are tried.
	if refused > 3*2*16 {
		t.Errorf("the sink was asked %d times while it could do nothing", refused)
	}
	t.Logf("asked %d times in 2.5 s of pauses; nsqd counts %+v", refused, countsOf(t, nsqd, "images", "process"))
}

func TestADeadLetterThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	nsqd := nsqdWith(t)
	url, deliveries := sinkOf(t, func(w http.ResponseWriter, _ delivery) { w.WriteHeader(http.StatusGone) })
	start(t, nsqd, url, func(s *settings) { s.MaxMessage = 10 }) // neither the letter nor the body fit
	publish(t, nsqd, "images", "longer than ten bytes")
	for attempt := 1; attempt <= 3; attempt++ {
		if n := receive(t, deliveries, "the next attempt").attempts(t); n != attempt {
			t.Fatalf("attempt %d says it is attempt %d", attempt, n)
		}
	}
	if n := countsOf(t, nsqd, "images.dead", "").Published; n != 0 {
		t.Errorf("%d dead letters", n)
	}
}

func TestADeadLetterThatWouldBeTooLargeIsTheBodyAlone(t *testing.T) {
	nsqd := nsqdWith(t)
	body := strings.Repeat("x", 1<<20) // all that nsqd takes, so there is no room for more
	url, _ := sinkOf(t, func(w http.ResponseWriter, _ delivery) { w.WriteHeader(http.StatusRequestEntityTooLarge) })
	start(t, nsqd, url, nil)
	publish(t, nsqd, "images", body)
	if d := receive(t, deadLetters(t, nsqd, "images.dead"), "the dead letter"); d.body() != body {
		t.Errorf("the dead letter has %d bytes, want the message's %d", len(d.body()), len(body))
	}
}

func TestAnAnswersBodyIsNotReadWithoutEnd(t *testing.T) {
	nsqd := nsqdWith(t)
	chatter := strings.Repeat("because ", 1<<10)
	written := make(chan int, 1)
	url, _ := sinkOf(t, func(w http.ResponseWriter, _ delivery) {
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
	var letter deadLetter
	if err := json.Unmarshal(receive(t, deadLetters(t, nsqd, "images.dead"), "the dead letter").event.Data(), &letter); err != nil {
		t.Fatal(err)
	}
	if len(letter.Reason) > 2<<10 || !strings.HasPrefix(letter.Reason, "400 Bad Request: because because") {
		t.Errorf("reason of %d bytes: %.50s", len(letter.Reason), letter.Reason)
	}
	if n := receive(t, written, "the end of the answer"); n == 80_000*1024 {
		t.Errorf("the bridge read all of it")
	}
}
