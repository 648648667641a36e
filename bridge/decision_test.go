package main

import (
	"net/http"
	"testing"
	"time"

	"lineup.dev/lineup/pkg/event"
)

func TestDecide(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	r := retry{min: time.Second, max: time.Minute, deferMax: time.Hour}
	again := decision{requeue, 2 * time.Second} // the third attempt, half of the chance
	for what, test := range map[string]struct {
		answer event.Answer
		want   decision
	}{
		"200: it is done":                                  {event.Answer{Status: 200}, decision{disposition: finish}},
		"202: it is done":                                  {event.Answer{Status: 202}, decision{disposition: finish}},
		"204 with Retry-After: it is done":                 {event.Answer{Status: 204, RetryAfter: "5"}, decision{disposition: finish}},
		"503 with seconds: nothing is taken until then":    {event.Answer{Status: 503, RetryAfter: "7"}, decision{pause, 7 * time.Second}},
		"503 with a date: nothing is taken until then":     {event.Answer{Status: 503, RetryAfter: "Mon, 23 Nov 2026 12:00:09 GMT"}, decision{pause, 9 * time.Second}},
		"503 without a time: this message later":           {event.Answer{Status: 503}, again},
		"503 with a decimal time: this message later":      {event.Answer{Status: 503, RetryAfter: "1.5"}, again},
		"503 with no time left: this message later":        {event.Answer{Status: 503, RetryAfter: "0"}, again},
		"503 with a day: an hour, more nsqd cannot defer":  {event.Answer{Status: 503, RetryAfter: "86400"}, decision{pause, time.Hour}},
		"409 with a time: this message then":               {event.Answer{Status: 409, RetryAfter: "30"}, decision{requeue, 30 * time.Second}},
		"425 with a time: this message then":               {event.Answer{Status: 425, RetryAfter: "30"}, decision{requeue, 30 * time.Second}},
		"429 with a time: this message then":               {event.Answer{Status: 429, RetryAfter: "30"}, decision{requeue, 30 * time.Second}},
		"429 with a date: this message then":               {event.Answer{Status: 429, RetryAfter: "Mon, 23 Nov 2026 12:01:00 GMT"}, decision{requeue, time.Minute}},
		"425 with a day: an hour, more nsqd cannot defer":  {event.Answer{Status: 425, RetryAfter: "86400"}, decision{requeue, time.Hour}},
		"409 without a time: this message later":           {event.Answer{Status: 409}, again},
		"425 without a time: this message later":           {event.Answer{Status: 425}, again},
		"429 without a time: this message later":           {event.Answer{Status: 429}, again},
		"401: credentials can be mended":                   {event.Answer{Status: 401}, again},
		"403: a policy can be mended":                      {event.Answer{Status: 403}, again},
		"404: the sink can be deployed":                    {event.Answer{Status: 404}, again},
		"408: the sink lost patience":                      {event.Answer{Status: 408}, again},
		"500: the sink failed":                             {event.Answer{Status: 500}, again},
		"502: the sink failed behind a proxy":              {event.Answer{Status: 502}, again},
		"504 with a time, which only 503 may tell for all": {event.Answer{Status: 504, RetryAfter: "30"}, again},
		"599: whatever begins with 5":                      {event.Answer{Status: 599}, again},
		"nobody answered":                                  {event.Answer{Detail: "connection refused"}, again},
		"a redirect is not followed":                       {event.Answer{Status: 307}, again},
		"304: no answer to a POST":                         {event.Answer{Status: 304}, again},
		"a status that HTTP does not know":                 {event.Answer{Status: 700}, again},
		"101: no answer to an event":                       {event.Answer{Status: 101}, again},
		"400: the message is refused":                      {event.Answer{Status: 400}, decision{disposition: refuse}},
		"402: the message is refused":                      {event.Answer{Status: 402}, decision{disposition: refuse}},
		"410: what it stands for is gone":                  {event.Answer{Status: 410}, decision{disposition: refuse}},
		"413: the message is too large":                    {event.Answer{Status: 413}, decision{disposition: refuse}},
		"415: the message is of a kind the sink hates":     {event.Answer{Status: 415}, decision{disposition: refuse}},
		"422 with a time: the message is refused":          {event.Answer{Status: 422, RetryAfter: "30"}, decision{disposition: refuse}},
		"431: its attributes are too large":                {event.Answer{Status: 431}, decision{disposition: refuse}},
	} {
		if got := r.decide(test.answer, 3, now, 0); got != test.want {
			t.Errorf("%s: %v, want %v", what, got, test.want)
		}
	}
	for code := range 1000 {
		if v := r.decide(event.Answer{Status: code}, 65535, now, 0.999); v.disposition == requeue && (v.after < r.max/2 || v.after > r.max) {
			t.Errorf("%d %s: again after %v at the 65,535th attempt, want half to whole of %v", code, http.StatusText(code), v.after, r.max)
		}
	}
}

func TestDelayGrowsToItsLimit(t *testing.T) {
	r := retry{min: time.Second, max: 10 * time.Second, deferMax: time.Hour}
	for attempts, want := range map[uint16]time.Duration{0: 1, 1: 1, 2: 2, 3: 4, 4: 8, 5: 10, 1000: 10, 65535: 10} {
		want *= time.Second
		if low, high := r.delay(attempts, 0), r.delay(attempts, 0.9999999); low != want/2 || high < want*99/100 || high > want {
			t.Errorf("attempt %d: %v to %v, want %v to %v", attempts, low, high, want/2, want)
		}
	}
	if d := (retry{min: time.Hour, max: 5 * time.Hour, deferMax: time.Minute}).delay(9, 0); d != 30*time.Second {
		t.Errorf("above what nsqd can defer: %v", d)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for what, test := range map[string]struct {
		header string
		want   time.Duration // 0: no time
	}{
		"nothing":               {"", 0},
		"seconds":               {"120", 2 * time.Minute},
		"no seconds":            {"0", 0},
		"a sign":                {"+5", 0},
		"less than nothing":     {"-5", 0},
		"a decimal number":      {"1.5", 0},
		"words":                 {"soon", 0},
		"an absurd number":      {"99999999999999999999", 0},
		"a date":                {"Mon, 23 Nov 2026 12:00:30 GMT", 30 * time.Second},
		"a date of old servers": {"Monday, 23-Nov-26 12:00:30 GMT", 30 * time.Second},
		"a date that is past":   {"Mon, 23 Nov 2026 11:59:59 GMT", 0},
	} {
		got, ok := retryAfter(test.header, now)
		if ok != (test.want > 0) || ok && got != test.want {
			t.Errorf("%s, %q: %v, %v; want %v", what, test.header, got, ok, test.want)
		}
	}
}
