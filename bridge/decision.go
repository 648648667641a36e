package main

import (
	"net/http"
	"strconv"
	"time"

	"lineup.dev/lineup/pkg/event"
)

// disposition is what becomes of a message.
type disposition string

const (
	finish  disposition = "finish"  // it is done
	requeue disposition = "requeue" // this message comes again, after a while
	pause   disposition = "pause"   // it comes again after a while, until when nothing else is taken either
	refuse  disposition = "refuse"  // it becomes a dead letter
)

// decision is a disposition, and after what time the message comes again.
type decision struct {
	disposition disposition
	after       time.Duration
}

// retry holds how long messages are put off.
type retry struct {
	min, max time.Duration // of the delay that grows with each attempt
	deferMax time.Duration // of what nsqd may be asked for
}

// decide says what to do with a message that has been tried attempts times, the
// last with this answer. jitter, in [0, 1), keeps messages that failed together
// from coming again together.
func (r retry) decide(a event.Answer, attempts uint16, now time.Time, jitter float64) decision {
	again := decision{requeue, r.delay(attempts, jitter)}
	if a.Status == 0 {
		return again // timeout, refused, cut off: the message may be fine
	}
	if a.Accepted() {
		return decision{disposition: finish}
	}
	if a.Status < 200 || a.Status >= 600 {
		return again // no answer that HTTP knows
	}
	if a.Status < 400 {
		return again // redirects are not followed: events go where K_SINK says, and nowhere else
	}
	wait, ok := retryAfter(a.RetryAfter, now)
	wait = min(wait, r.deferMax)
	switch a.Status {
	case http.StatusServiceUnavailable: // the sink as a whole can do nothing until then
		if ok {
			return decision{pause, wait}
		}
	case http.StatusConflict, // this message is being worked on elsewhere
		http.StatusTooEarly,        // this message is not due
		http.StatusTooManyRequests: // the sink limits messages like this one
		if ok {
			return decision{requeue, wait}
		}
	case http.StatusUnauthorized, http.StatusForbidden: // credentials or a policy, to be mended without touching the message
	case http.StatusNotFound: // the sink is not deployed yet, or its route is not there
	case http.StatusRequestTimeout: // the sink lost patience with the connection
	default:
		if a.Status < 500 {
			return decision{disposition: refuse} // the sink has nothing against trying, but against this message
		}
		// The sink, or something between, failed: 500, 502, 504 and whatever else begins with 5.
	}
	return again
}

// delay doubles from min to max with the attempts; of each delay the second half
// is by chance.
func (r retry) delay(attempts uint16, jitter float64) time.Duration {
	d := r.min
	for n := uint16(1); n < attempts && d < r.max; n++ {
		d *= 2
	}
	d = min(d, r.max, r.deferMax)
	return d/2 + time.Duration(jitter*float64(d/2))
}

// retryAfter reads the header: whole seconds or a date (RFC 9110, section 10.2.3).
// What is neither, or over already, is no time.
func retryAfter(header string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, seconds > 0
	}
	date, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	return date.Sub(now), date.After(now)
}
