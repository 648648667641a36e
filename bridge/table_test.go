package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"lineup.dev/lineup/local/testkit"
)

// TestAnswerTable has every row of the table of answers happen once; single status
// codes are TestDecide's. The sink answers the first message with the row's answer.
// Once nsqd was told what becomes of it, a second message is published, which tells
// a pause of everything from a delay of one message.
func TestAnswerTable(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a redirect was followed: %s %s", r.Method, r.URL)
	}))
	t.Cleanup(elsewhere.Close)
	cutOff := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	slow := func(http.ResponseWriter) { time.Sleep(400 * time.Millisecond) } // more than SINK_TIMEOUT

	const ( // what becomes of the first message, and of the second meanwhile
		finished = iota // it does not come again
		retried         // it comes again when the bridge thinks fit
		deferred        // it comes again when the sink says, after the second
		paused          // it comes again when the sink says, and so does the second
		refused         // it becomes a dead letter
	)
	for what, row := range map[string]struct {
		answer func(http.ResponseWriter)
		want   int
	}{
		"accepted":                           {status(202), finished},
		"the sink as a whole asks for time":  {status(503, "Retry-After", "1"), paused},
		"asks for time for this message":     {status(429, "Retry-After", "2"), deferred},
		"is not there yet":                   {status(404), retried},
		"failed; its Retry-After is ignored": {status(504, "Retry-After", "3000"), retried},
		"redirects":                          {status(307, "Location", elsewhere.URL), retried},
		"cuts the connection off":            {cutOff, retried},
		"does not answer in time":            {slow, retried},
		"refuses the message":                {status(422), refused},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			nsqd := nsqdWith(t)
			url, arrivals := sinkOf(t, once(row.answer))
			start(t, nsqd, url, func(s *settings) { s.SinkTimeout = 300 * time.Millisecond })
			publish(t, nsqd, "images", "first")
			first := receive(t, arrivals, "the first message")
			testkit.Eventually(t, patience, "nsqd was told what becomes of it", func() bool {
				c := countsOf(t, nsqd, "images", "process")
				return c.Requeued == 1 || c.Published == 1 && c.left() == 0
			})
			publish(t, nsqd, "images", "second")
			bodies, waits := "", []time.Duration{}
			expected := 2
			if row.want == finished || row.want == refused {
				expected = 1
			}
			for range expected {
				next := receive(t, arrivals, "the messages that are left")
				bodies += next.body() + " "
				waits = append(waits, next.at.Sub(first.at))
			}
			switch row.want {
			case finished, refused:
				if bodies != "second " {
					t.Errorf("after the first came %s", bodies)
				}
			case deferred:
				if bodies != "second first " || waits[1] < 1900*time.Millisecond {
					t.Errorf("came %safter %v, want the first two seconds later, and the second meanwhile", bodies, waits)
				}
			case paused:
				if waits[0] < 900*time.Millisecond {
					t.Errorf("came %safter %v, want both a second later", bodies, waits)
				}
			}
			if row.want == refused {
				checkLetter(t, receive(t, deadLettersAt(t, nsqd, "images.dead"), "the dead letter"), http.StatusUnprocessableEntity)
			}
			testkit.Eventually(t, patience, "nothing is left in the channel", func() bool { return countsOf(t, nsqd, "images", "process").left() == 0 })
			if len(arrivals) > 0 {
				t.Errorf("another delivery: %s", (<-arrivals).event)
			}
		})
	}
}
