package main

import (
	"net/http"
	"reflect"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

func TestDecide(t *testing.T) {
	retry := Retry{MaxAttempts: 5, First: 2 * time.Second, Most: time.Minute}
	faces := []lineup.Face{{ImageName: "dad.jpg"}}
	finished := func(s signal, r store.Result) decision {
		return decision{signal: s, row: writeResult, result: r, reply: reply{status: http.StatusOK}}
	}
	outage := decision{signal: signalFailure, row: returnRow, delay: time.Second, reply: reply{http.StatusTooManyRequests, time.Second, "the face server cannot be reached"}}
	attempt := func(wait time.Duration, code codes.Code) decision {
		return decision{signal: signalProbe, row: returnCounted, delay: wait, reply: reply{http.StatusTooManyRequests, wait, "the face server failed at the picture"},
			unusual: inWords(code)}
	}
	root := func(wait time.Duration) decision {
		return decision{signal: signalNone, row: returnRow, delay: wait, reply: reply{http.StatusTooManyRequests, wait, "the face server cannot reach the place where the picture lies"},
			unusual: "the disk is away"}
	}
	busy := func(wait time.Duration) decision {
		return decision{signal: signalNone, row: returnRow, delay: wait, reply: reply{http.StatusServiceUnavailable, wait, "the face server is busy"}}
	}
	for name, c := range map[string]struct {
		outcome outcome
		attempt int
		want    decision
	}{
		"an answer is an answer, whoever is in it": {
			outcome{code: codes.OK, faces: faces, sent: true}, 1, finished(signalSuccess, store.Result{Faces: faces})},
		"no picture is the picture's fault": {
			outcome{code: codes.InvalidArgument, message: "no picture", sent: true}, 1, finished(signalSuccess, store.Result{Reason: "no picture"})},
		"a picture that is not there is nobody's fault": {
			outcome{code: codes.NotFound, message: "no such file", sent: true}, 1, finished(signalSuccess, store.Result{Reason: "no such file"})},
		"a refusal without a message is explained by its code": {
			outcome{code: codes.NotFound, sent: true}, 1, finished(signalSuccess, store.Result{Reason: "NotFound"})},
		"a face server that cannot be reached costs no attempt": {
			outcome{code: codes.Unavailable}, 5, outage},
		"nor one whose connection is not made in time": {
			outcome{code: codes.DeadlineExceeded}, 5, outage},
		"nor a call that was cancelled before it was sent because the circuit opened": {
			outcome{code: codes.Canceled}, 5, outage},
		"nor a picture root that cannot be reached, which is no outage and has a wait of its own": {
			outcome{code: codes.Unavailable, sent: true, rootUnreachable: true, message: "the disk is away", retryAfter: 16 * time.Second}, 5, root(16 * time.Second)},
		"a face server that does not say how long": {
			outcome{code: codes.Unavailable, sent: true, rootUnreachable: true, message: "the disk is away"}, 5, root(5 * time.Second)},
		"or says hours": {
			outcome{code: codes.Unavailable, sent: true, rootUnreachable: true, message: "the disk is away", retryAfter: time.Hour}, 5, root(time.Minute)},
		"a call interrupted by the shutdown says nothing about anybody, and the row can be claimed at once": {
			outcome{code: codes.Canceled, sent: true, interrupted: true}, 5,
			decision{row: returnRow, reply: reply{http.StatusTooManyRequests, time.Second, "this instance ends; another may take the picture at once"}}},
		"an answer counts even during the shutdown": {
			outcome{code: codes.OK, sent: true, interrupted: true}, 5, finished(signalSuccess, store.Result{})},
		"a busy face server is in good health, and says when to come back": {
			outcome{code: codes.ResourceExhausted, sent: true, retryAfter: time.Second}, 5, busy(time.Second)},
		"but nobody waits longer for it than the longest wait": {
			outcome{code: codes.ResourceExhausted, sent: true, retryAfter: time.Hour}, 5, busy(time.Minute)},
		"a call that failed after it was sent is an attempt": {
			outcome{code: codes.Unavailable, sent: true}, 1, attempt(2*time.Second, codes.Unavailable)},
		"and so is one that took too long": {
			outcome{code: codes.DeadlineExceeded, sent: true}, 4, attempt(16*time.Second, codes.DeadlineExceeded)},
		"and one that the server failed at": {
			outcome{code: codes.Internal, sent: true}, 2, attempt(4*time.Second, codes.Internal)},
		"exhausted without a time to come back is a failure like any other": {
			outcome{code: codes.ResourceExhausted, sent: true}, 1, attempt(2*time.Second, codes.ResourceExhausted)},
		"an unknown code is a failure like any other": {
			outcome{code: codes.Unknown, sent: true}, 1, attempt(2*time.Second, codes.Unknown)},
		"the last attempt ends it": {
			outcome{code: codes.Unavailable, sent: true}, 5, finished(signalProbe, store.Result{Reason: "the face server failed at it 5 times; at last the face server broke off"})},
	} {
		t.Run(name, func(t *testing.T) {
			if got := decide(c.outcome, c.attempt, retry); !reflect.DeepEqual(got, c.want) {
				t.Errorf("decide(%+v, %d) = %+v, want %+v", c.outcome, c.attempt, got, c.want)
			}
		})
	}
}

func TestWhileTheCircuitIsOpen(t *testing.T) {
	retry := Retry{MaxAttempts: 5, First: 2 * time.Second, Most: time.Minute}
	for name, c := range map[string]struct {
		outcome outcome
		open    time.Duration
		status  int
		wait    time.Duration
	}{
		"an outage waits for the circuit, and so does everybody": {outcome{code: codes.Unavailable}, 9 * time.Second, http.StatusServiceUnavailable, 9 * time.Second},
		"an outage that did not open it puts off one picture":    {outcome{code: codes.Unavailable}, 0, http.StatusTooManyRequests, time.Second},
		"a counted attempt has a wait of its own":                {outcome{code: codes.Internal, sent: true}, 9 * time.Second, http.StatusTooManyRequests, 2 * time.Second},
		"a result is a result":                                   {outcome{sent: true}, 9 * time.Second, http.StatusOK, 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := decide(c.outcome, 1, retry).whileOpen(c.open)
			if d.reply.status != c.status || d.reply.wait != c.wait || d.delay != c.wait {
				t.Errorf("%+v, want %d and to wait %v", d, c.status, c.wait)
			}
		})
	}
}

func TestBackoff(t *testing.T) {
	for name, c := range map[string]struct {
		attempt int
		want    time.Duration
	}{
		"the first wait is the first delay": {1, 2 * time.Second},
		"it doubles":                        {3, 8 * time.Second},
		"it has an end":                     {6, time.Minute},
		"however many attempts there were":  {1000, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			if got := backoff(c.attempt, Retry{First: 2 * time.Second, Most: time.Minute}); got != c.want {
				t.Errorf("backoff(%d) = %v, want %v", c.attempt, got, c.want)
			}
		})
	}
}
