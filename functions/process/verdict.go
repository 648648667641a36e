package main

import (
	"cmp"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
)

// said is what the face server, or the way to it, answered to one call.
type said struct {
	code    codes.Code
	message string
	// sent tells whether the call left this process, so that the picture may have
	// hurt the face server.
	sent bool
	// brokenOff tells that this process ended the call because it ends itself.
	brokenOff bool
	// rootUnreachable tells that the face server itself works but cannot reach the
	// place where the picture should lie.
	rootUnreachable bool
	// busyFor, above zero, is when a face server without a free worker wants to be
	// asked again.
	busyFor time.Duration
}

// health is what a call says about the face server.
type health int

const (
	saysNothing health = iota
	works
	broken
	askIt // a HealthCheck decides: either the server died or only this picture is bad
)

// fate is what becomes of the picture.
type fate int

const (
	identified  fate = iota // its faces are written
	failed                  // it is failed for good, with a reason
	waitAnswer              // it is pending, to be tried again when the server says
	waitBreaker             // it is pending, to be tried again when the circuit lets it
	waitAttempt             // it is pending, to be tried again after a delay that grows with the attempts
	waitOther               // it is pending, for another instance to take at once
)

// verdict is what to do after a call.
type verdict struct {
	health health
	fate   fate
	reason string // when failed
}

// judge decides on the answer to the call that, if it counts, is the picture's
// attempt-th of maximum attempts.
func judge(s said, attempt, maximum int) verdict {
	switch {
	case s.code == codes.OK:
		return verdict{works, identified, ""}

	// The server looked and this is no picture, or not there: an answer, not an outage.
	case s.code == codes.InvalidArgument, s.code == codes.NotFound:
		return verdict{works, failed, cmp.Or(s.message, s.code.String())}

	case s.brokenOff:
		return verdict{saysNothing, waitOther, ""}

	// The call never left, or the server cannot get at any picture: an outage. The
	// picture is innocent, however long it lasts.
	case !s.sent && (s.code == codes.Unavailable || s.code == codes.DeadlineExceeded || s.code == codes.Canceled), s.rootUnreachable:
		return verdict{broken, waitBreaker, ""}

	case s.code == codes.ResourceExhausted && s.busyFor > 0:
		return verdict{saysNothing, waitAnswer, ""}

	// The call broke or took too long after it was sent, or the server says that it
	// is at fault: perhaps this picture kills it. So it is not tried for ever.
	case attempt >= maximum:
		return verdict{askIt, failed, fmt.Sprintf("the face server failed at it %d times, at last with %s", attempt, s.code)}
	default:
		return verdict{askIt, waitAttempt, ""}
	}
}

// backoff is how long a picture waits after its attempt-th attempt: first, twice
// as long after each further one, most at the most.
func backoff(attempt int, first, most time.Duration) time.Duration {
	wait := first
	for range attempt - 1 {
		if wait *= 2; wait >= most {
			return most
		}
	}
	return min(wait, most)
}
