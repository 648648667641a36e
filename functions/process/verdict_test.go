package main

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

func TestJudge(t *testing.T) {
	const maximum = 5
	for name, c := range map[string]struct {
		said    said
		attempt int
		want    verdict
	}{
		"an answer is an answer, whoever is in it": {
			said{code: codes.OK, sent: true}, 1, verdict{works, identified, ""}},
		"no picture is the picture's fault": {
			said{code: codes.InvalidArgument, message: "no picture", sent: true}, 1, verdict{works, failed, "no picture"}},
		"a picture that is not there is nobody's fault": {
			said{code: codes.NotFound, message: "no such file", sent: true}, 1, verdict{works, failed, "no such file"}},
		"a face server that cannot be reached costs no attempt": {
			said{code: codes.Unavailable}, 5, verdict{broken, waitBreaker, ""}},
		"nor one whose connection is not made in time": {
			said{code: codes.DeadlineExceeded}, 5, verdict{broken, waitBreaker, ""}},
		"nor one that the circuit's opening took back": {
			said{code: codes.Canceled}, 5, verdict{broken, waitBreaker, ""}},
		"a call that this process broke off says nothing about anybody": {
			said{code: codes.Canceled, sent: true, brokenOff: true}, 5, verdict{saysNothing, waitOther, ""}},
		"an answer counts even when this process ends": {
			said{code: codes.OK, sent: true, brokenOff: true}, 5, verdict{works, identified, ""}},
		"nor does a picture root that cannot be reached": {
			said{code: codes.Unavailable, sent: true, rootUnreachable: true}, 5, verdict{broken, waitBreaker, ""}},
		"a busy face server is in good health": {
			said{code: codes.ResourceExhausted, sent: true, busyFor: time.Second}, 5, verdict{saysNothing, waitAnswer, ""}},
		"a call that broke after it was sent is an attempt": {
			said{code: codes.Unavailable, sent: true}, 1, verdict{askIt, waitAttempt, ""}},
		"and so is one that took too long": {
			said{code: codes.DeadlineExceeded, sent: true}, 4, verdict{askIt, waitAttempt, ""}},
		"and one that the server failed at": {
			said{code: codes.Internal, sent: true}, 2, verdict{askIt, waitAttempt, ""}},
		"exhausted without a time to come back is a failure like any other": {
			said{code: codes.ResourceExhausted, sent: true}, 1, verdict{askIt, waitAttempt, ""}},
		"an unknown code is a failure like any other": {
			said{code: codes.Unknown, sent: true}, 1, verdict{askIt, waitAttempt, ""}},
		"the last attempt ends it": {
			said{code: codes.Unavailable, sent: true}, 5, verdict{askIt, failed, "the face server failed at it 5 times, at last with Unavailable"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := judge(c.said, c.attempt, maximum); got != c.want {
				t.Errorf("judge(%+v, %d) = %+v, want %+v", c.said, c.attempt, got, c.want)
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
			if got := backoff(c.attempt, 2*time.Second, time.Minute); got != c.want {
				t.Errorf("backoff(%d) = %v, want %v", c.attempt, got, c.want)
			}
		})
	}
}
