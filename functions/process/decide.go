package main

import (
	"cmp"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"

	"lineup.dev/lineup/pkg/store"
)

// decision is what follows from a call.
type decision struct {
	signal signal
	row    rowAction
	result store.Result  // writeResult: what is written
	delay  time.Duration // otherwise: until the row can be claimed again
	reply  reply
	// unusual, when the row is returned, says why in the picture's history; else empty.
	unusual string
}

// signal is what the breaker is told about the face server.
type signal int

const (
	signalNone signal = iota
	signalSuccess
	signalFailure
	signalProbe // a health check decides: either the server died or only this picture is bad
)

// rowAction is what becomes of the picture's row.
type rowAction int

const (
	writeResult   rowAction = iota // it gets its final status
	returnRow                      // it is pending again
	returnCounted                  // it is pending again, and this was one of its attempts
)

// decide says what follows from the call that, if it counts, is the picture's
// attempt-th.
func decide(o outcome, attempt int, r Retry) decision {
	switch {
	case o.code == codes.OK:
		return finish(signalSuccess, store.Result{Faces: o.faces, Warning: o.warning, Content: o.content, Comparison: o.comparison, Regions: o.regions, Layout: o.layout, Thumbnail: o.thumbnail, Large: o.large})

	// The server looked and this is no picture, or not there: an answer, not an outage.
	case o.code == codes.InvalidArgument, o.code == codes.NotFound:
		return finish(signalSuccess, store.Result{Reason: cmp.Or(o.message, o.code.String()), Content: o.content})

	// The row can be claimed at once: another instance may be free.
	case o.interrupted:
		return decision{row: returnRow, reply: later(shutdownWait, "this instance ends; another may take the picture at once")}

	// The face server works, a store of pictures does not: neither the picture's fault nor a
	// reason to hold up those of other stores. The server says when it will ask the store again.
	case o.rootUnreachable:
		wait := min(cmp.Or(max(o.retryAfter, 0), rootWait), r.Most)
		d := returnUntried(later(wait, "the face server cannot reach the place where the picture lies"))
		d.unusual = cmp.Or(o.message, d.reply.reason)
		return d

	// The call was never sent: an outage. The picture is innocent, however long it lasts.
	case !o.sent && unreached(o.code):
		return decision{signal: signalFailure, row: returnRow, delay: outageWait, reply: later(outageWait, "the face server cannot be reached")}

	case o.code == codes.ResourceExhausted && o.retryAfter > 0:
		return returnUntried(pause(min(o.retryAfter, r.Most), "the face server is busy"))

	// The call failed or took too long after it was sent, or the server says that it
	// is at fault: perhaps this picture kills it. So it is not tried for ever.
	case attempt >= r.MaxAttempts:
		return finish(signalProbe, store.Result{Reason: fmt.Sprintf("the face server failed at it %d times; at last %s", attempt, inWords(o.code))})
	default:
		wait := backoff(attempt, r)
		return decision{signal: signalProbe, row: returnCounted, delay: wait, reply: later(wait, "the face server failed at the picture"),
			unusual: inWords(o.code)} // its message may tell addresses
	}
}

// inWords is how a call failed, for people who read why their picture waits or failed.
func inWords(c codes.Code) string {
	switch c {
	case codes.Unavailable:
		return "the face server broke off"
	case codes.DeadlineExceeded:
		return "the face server took too long"
	case codes.ResourceExhausted:
		return "the face server had no room for it"
	case codes.Unimplemented:
		return "the face server is of another version"
	}
	return fmt.Sprintf("the face server met an error of its own (%s)", c)
}

func unreached(c codes.Code) bool {
	return c == codes.Unavailable || c == codes.DeadlineExceeded || c == codes.Canceled
}

func finish(s signal, r store.Result) decision {
	return decision{signal: s, row: writeResult, result: r, reply: replyDone}
}

// returnUntried is the decision for a picture that the face server did not look at:
// its row waits as long as its message.
func returnUntried(r reply) decision {
	return decision{row: returnRow, delay: r.wait, reply: r}
}

// whileOpen is the decision once the breaker has its signal and the circuit is open
// for that long: what an outage puts off waits for the end of it.
func (d decision) whileOpen(open time.Duration) decision {
	if d.signal == signalFailure && open > 0 {
		d.reply = pause(open, d.reply.reason)
		d.delay = d.reply.wait
	}
	return d
}
