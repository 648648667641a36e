package main

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
)

// runDead runs `bridge dead` and gives what it prints.
func runDead(t *testing.T, nsqd *deptest.NSQD, change func(*settings), args ...string) (string, error) {
	t.Helper()
	s := defaults(t)
	s.Topics = []string{"images"}
	s.NSQ.Addresses, s.NSQ.HTTPAddresses = []string{nsqd.TCP}, []string{nsqd.HTTP}
	if change != nil {
		change(&s)
	}
	var out strings.Builder
	err := deadCommand(t.Context(), s, args, &out)
	return out.String(), err
}

// deadTopicOf is the dead topic at nsqd.
func deadTopicOf(t *testing.T, nsqd *deptest.NSQD) deadTopic {
	t.Helper()
	s := defaults(t)
	s.NSQ.Addresses, s.NSQ.HTTPAddresses = []string{nsqd.TCP}, []string{nsqd.HTTP}
	return deadTopicAt(s, s.topics()[0], nsqd.TCP)
}

// idsOf are the ids of the listed letters whose body is among bodies.
func idsOf(listing string, bodies ...string) (ids []string) {
	for _, letter := range regexp.MustCompile(`(?m)^([0-9a-f]{16})  .*\n.*\n    body  (.*)$`).FindAllStringSubmatch(listing, -1) {
		for _, body := range bodies {
			if letter[2] == body {
				ids = append(ids, letter[1])
			}
		}
	}
	return ids
}

// refusing is a sink that refuses every message until it is mended.
func refusing(t *testing.T) (url string, arrivals <-chan arrival, mend func()) {
	t.Helper()
	var mended atomic.Bool
	url, arrivals = sinkOf(t, func(w http.ResponseWriter, _ arrival) {
		if !mended.Load() {
			http.Error(w, "no such \x1b[31mpicture\nat all", http.StatusGone)
		}
	})
	return url, arrivals, func() { mended.Store(true) }
}

// eventuallyWaiting waits until so many dead letters wait.
func eventuallyWaiting(t *testing.T, nsqd *deptest.NSQD, want int) {
	t.Helper()
	testkit.Eventually(t, patience, fmt.Sprintf("%d dead letters wait", want), func() bool {
		out, err := runDead(t, nsqd, nil)
		return err == nil && strings.Count(out, "\n    body  ") == want
	})
}

func TestDeadLettersAreListedSentAgainAndDropped(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	if out, err := runDead(t, nsqd, nil); err != nil || out != "no dead letter waits in images.dead at "+nsqd.TCP+"\n" {
		t.Errorf("before there is one: %q, %v", out, err)
	}
	url, arrivals, mend := refusing(t)
	_, stop := start(t, nsqd, url, nil)
	publish(t, nsqd, "images", "first", `{"second":true}`, "third \x1b[2J\xff", strings.Repeat("4", 1<<20))
	for range 4 {
		receive(t, arrivals, "the messages that are refused")
	}
	eventuallyWaiting(t, nsqd, 4)

	// Listing leaves them there, however often, also over a restart of nsqd.
	for range 3 {
		out, err := runDead(t, nsqd, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"from images/process, attempts: 1", `why   410 Gone: no such \x1b[31mpicture\nat all`,
			"body  first\n", `body  {"second":true}` + "\n", `body  third \x1b[2J�` + "\n",
			"why   unknown: the letter would have been too large", "444… (1048576 bytes)", "4 of 4 dead letters in images.dead",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("the list does not say %q:\n%.3000s", want, out)
			}
		}
		if strings.Contains(out, "\x1b") || !utf8.ValidString(out) {
			t.Error("the list holds what moves a terminal's cursor")
		}
	}
	stop()
	nsqd.Stop()
	nsqd.Start(t)
	eventuallyWaiting(t, nsqd, 4)
	if n := len(arrivals); n > 0 {
		t.Fatalf("listing sent %d messages to the sink", n)
	}

	listing, _ := runDead(t, nsqd, nil)
	second := idsOf(listing, `{"second":true}`)
	if out, err := runDead(t, nsqd, nil, "drop", second[0], "0000000000000000"); err == nil || !strings.Contains(err.Error(), "no dead letter 0000000000000000") {
		t.Errorf("an id that is none: %q, %v", out, err)
	}
	eventuallyWaiting(t, nsqd, 3)
	first := idsOf(listing, "first")
	mend()
	start(t, nsqd, url, nil)
	if out, err := runDead(t, nsqd, nil, "resend", first[0]); err != nil || !strings.Contains(out, "1 sent again, 2 left") {
		t.Errorf("%q, %v", out, err)
	}
	if got := receive(t, arrivals, "the first").body(); got != "first" {
		t.Errorf("%q was sent again, want first", got)
	}
	eventuallyWaiting(t, nsqd, 2)
	if out, err := runDead(t, nsqd, nil, "resend", "all"); err != nil || !strings.Contains(out, "2 sent again, 0 left") {
		t.Errorf("%q, %v", out, err)
	}
	got := map[string]bool{}
	for range 2 {
		got[receive(t, arrivals, "the rest").body()] = true
	}
	if !got["third \x1b[2J\xff"] || !got[strings.Repeat("4", 1<<20)] {
		t.Errorf("%d others were sent again, not byte for byte", len(got))
	}
	eventuallyWaiting(t, nsqd, 0)
	testkit.Eventually(t, patience, "nothing is left in the channel", func() bool { return countsOf(t, nsqd, "images", "process").left() == 0 })
}

// A letter whose message is refused again is a new letter: sending all again ends.
func TestSendingAgainBeforeTheCauseIsMendedLosesNothing(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	url, _, _ := refusing(t)
	start(t, nsqd, url, nil)
	publish(t, nsqd, "images", "a", "b", "c")
	eventuallyWaiting(t, nsqd, 3)
	if out, err := runDead(t, nsqd, nil, "resend", "all"); err != nil || !strings.Contains(out, "3 sent again") {
		t.Errorf("%q, %v", out, err)
	}
	eventuallyWaiting(t, nsqd, 3)
}

func TestNoMoreDeadLettersAreHeldThanSet(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	url, _, _ := refusing(t)
	_, stop := start(t, nsqd, url, nil)
	publish(t, nsqd, "images", "a", "b", "c", "d", "e")
	eventuallyWaiting(t, nsqd, 5)
	stop()
	two := func(s *settings) { s.DeadLimit = 2 }
	if out, err := runDead(t, nsqd, two); err != nil || !strings.Contains(out, "2 of 5 dead letters") {
		t.Errorf("%q, %v", out, err)
	}
	if out, err := runDead(t, nsqd, two, "drop", "all"); err != nil || !strings.Contains(out, "2 dropped, 3 left") {
		t.Errorf("%q, %v", out, err)
	}
	eventuallyWaiting(t, nsqd, 3)
}

func TestWhatTheDeadCommandCannotDo(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	url, _, _ := refusing(t)
	start(t, nsqd, url, nil)
	publish(t, nsqd, "images", "a")
	eventuallyWaiting(t, nsqd, 1)
	for what, c := range map[string]struct {
		change func(*settings)
		args   []string
		says   string
	}{
		"a verb that is none": {nil, []string{"burn", "all"}, "use `bridge dead`"},
		"nothing to send":     {nil, []string{"resend"}, "use `bridge dead`"},
		"no nsqd":             {func(s *settings) { s.NSQ.HTTPAddresses = []string{"127.0.0.1:1"} }, nil, "NSQD_HTTP_ADDRESS"},
		"nsqd's HTTP address": {func(s *settings) { s.NSQ.Addresses = []string{nsqd.HTTP} }, nil, "NSQD_ADDRESS"},
	} {
		if out, err := runDead(t, nsqd, c.change, c.args...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %q, %v; want an error that says %q", what, out, err, c.says)
		}
	}
	eventuallyWaiting(t, nsqd, 1)
}

// A list that is broken off requeues every letter at once.
func TestAListThatIsBrokenOffHasNothingInFlight(t *testing.T) {
	t.Parallel()
	nsqd := nsqdWith(t)
	url, _, _ := refusing(t)
	start(t, nsqd, url, nil)
	publish(t, nsqd, "images", "a", "b", "c")
	eventuallyWaiting(t, nsqd, 3)
	for delay := range 10 { // in the middle of receiving, or of work
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(delay)*time.Millisecond)
		err := deadTopicOf(t, nsqd).read(ctx, func([]*receivedLetter, int) error { <-ctx.Done(); return ctx.Err() })
		cancel()
		if err == nil {
			t.Fatal("no error")
		}
	}
	if n := countsOf(t, nsqd, "images.dead", "dead").InFlight; n != 0 {
		t.Errorf("%d letters are in flight", n)
	}
	if out, err := runDead(t, nsqd, nil); err != nil || !strings.Contains(out, "3 of 3 dead letters") {
		t.Errorf("%q, %v", out, err)
	}
}
