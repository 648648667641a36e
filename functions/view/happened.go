package main

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/store"
)

// happened tells in words what happened to a picture.
func happened(e store.Event) string {
	switch e.What {
	case "received":
		return "Posted"
	case "hinted":
		return "Put into the queue"
	case "tried":
		return tried(e.Detail)
	case "retry":
		return "Next try " + inTime(time.Until(e.At))
	case "result":
		if why, failed := strings.CutPrefix(e.Detail, "failed: "); failed {
			return "Failed: " + why
		}
	}
	text := map[string]string{
		"deferred": "Put off",
		"import":   "Not everything that its file says of people was taken over",
		"result":   "Looked at",
		"revised":  "Decided anew",
	}[e.What]
	if text = cmp.Or(text, e.What); e.Detail != "" {
		text += ": " + e.Detail
	}
	return text
}

// tried tells of a try as the store has it: "try 1 failed: why", or "is looked at, try 2".
func tried(detail string) string {
	if try, why, failed := strings.Cut(detail, " failed: "); failed {
		return ordinalTry(strings.TrimPrefix(try, "try ")) + " failed: " + why
	}
	_, try, _ := strings.Cut(detail, ", try ")
	if try == "1" {
		return "Is looked at now"
	}
	return "Is looked at now: " + strings.ToLower(ordinalTry(try))
}

// ordinalTry is the number of a try as one says it.
func ordinalTry(try string) string {
	words := []string{"First", "Second", "Third", "Fourth", "Fifth"}
	n, err := strconv.Atoi(try)
	switch {
	case err != nil || n < 1:
		return "A try"
	case n <= len(words):
		return words[n-1] + " try"
	}
	return "Try " + try
}
