package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"lineup.dev/lineup/pkg/breaker"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// reply is what whoever brought the event is told. The bridge's own table says what
// it does then.
type reply struct {
	status int
	wait   time.Duration // Retry-After, when above zero
	reason string
}

var (
	replyDone = reply{status: http.StatusOK}
	claimLost = reply{http.StatusConflict, claimWait, "another took the picture over"}
)

// pause holds up every event for that long.
func pause(wait time.Duration, reason string) reply {
	return reply{http.StatusServiceUnavailable, wait, reason}
}

// later puts this event off alone. Knative's senders try a 429 again, and no 425.
func later(wait time.Duration, reason string) reply {
	return reply{http.StatusTooManyRequests, wait, reason}
}

// notAdmitted is the reply for a picture that may not go to the face server now.
func notAdmitted(err error) reply {
	if open, ok := errors.AsType[*breaker.Open](err); ok {
		return pause(max(probeWait, open.For), err.Error())
	}
	return later(quarantineWait, err.Error())
}

// notClaimed is the reply for what is not ours to work on: a picture or a photo, which can
// be claimed after the wait.
func notClaimed(why store.Outcome, wait time.Duration, what string, id int64, status string) reply {
	switch why {
	case store.Gone:
		return reply{status: http.StatusGone, reason: fmt.Sprintf("there is no %s %d", what, id)}
	case store.Leased:
		return reply{http.StatusConflict, max(wait, claimWait), "another works on it"}
	case store.NotYet:
		return later(max(wait, claimWait), "it waits for its next try")
	case store.UnknownStatus:
		return reply{status: http.StatusUnprocessableEntity, reason: fmt.Sprintf("%s %d is %q, which means nothing: correct the row", what, id, status)}
	default: // store.Done
		return replyDone
	}
}

// databaseFailed is the reply when the picture's row cannot be read or written.
func databaseFailed(log *slog.Logger, err error) reply {
	log.Error("the database failed", "error", err)
	switch {
	case errors.Is(err, store.ErrSchema):
		return pause(databaseWait, "the database is not migrated to this version yet: run `make migrate`; the picture waits")
	case errors.Is(err, store.ErrFull):
		return pause(databaseWait, "the database is full: make room; the picture waits")
	case errors.Is(err, store.ErrReadOnly):
		return pause(databaseWait, "the database is read-only: see that MYSQL_DSN names the primary; the picture waits while another server takes its place")
	}
	return pause(databaseWait, "the database does not answer; the picture waits")
}

// refuse answers a request of which nothing was read.
func refuse(w http.ResponseWriter, _ *http.Request, problem serve.Problem) { problem.Write(w, false) }

func (r reply) write(w http.ResponseWriter) {
	switch r.status {
	case http.StatusOK, http.StatusAccepted:
		w.WriteHeader(r.status) // a Broker would take a plain body for a failure
		return
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", "OPTIONS, POST")
	}
	serve.Problem{Status: r.status, Detail: r.reason, RetryAfter: r.wait}.Write(w, false)
}
