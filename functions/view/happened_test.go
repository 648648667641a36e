package main

import (
	"testing"
	"time"

	"lineup.dev/lineup/pkg/store"
)

func TestWhatHappenedToAPictureIsToldAsAPersonWould(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]store.Event{
		"Posted":                       {What: "received"},
		"Is looked at now":             {What: "tried", Detail: "is looked at, try 1"},
		"Is looked at now: second try": {What: "tried", Detail: "is looked at, try 2"},
		"First try failed: the face server took too long": {What: "tried", Detail: "try 1 failed: the face server took too long"},
		"Try 6 failed: the face server broke off":         {What: "tried", Detail: "try 6 failed: the face server broke off"},
		"Next try now":              {What: "retry", At: time.Now().Add(-time.Minute), Detail: "is to be tried again, after 2 tries that failed"},
		"Next try in 5 min":         {What: "retry", At: time.Now().Add(5*time.Minute + 10*time.Second)},
		"Put off: the disk is away": {What: "deferred", Detail: "the disk is away"},
		"Looked at":                 {What: "result"},
		"Looked at: identified":     {What: "result", Detail: "identified"},
		"Failed: no such picture":   {What: "result", Detail: "failed: no such picture"},
		"Decided anew: unknown":     {What: "revised", Detail: "unknown"},
		"something new: why":        {What: "something new", Detail: "why"},
	} {
		if got := happened(e); got != want {
			t.Errorf("%+v: %q, want %q", e, got, want)
		}
	}
}
