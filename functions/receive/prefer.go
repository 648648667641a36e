package main

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// waitOf is how long the client prefers to wait, 0 where it does not say.
func waitOf(request *http.Request) time.Duration {
	wait, _ := preferredWait(request)
	return wait
}

// preferredWait is how long the client prefers to wait: Prefer: wait=SECONDS. A preference
// that cannot be read is none, as RFC 7240 has it; a number that is too large is the largest.
func preferredWait(request *http.Request) (wait time.Duration, given bool) {
	for _, value := range request.Header.Values("Prefer") {
		for preference := range strings.SplitSeq(value, ",") {
			preference, _, _ = strings.Cut(preference, ";")
			name, seconds, _ := strings.Cut(strings.TrimSpace(preference), "=")
			if !strings.EqualFold(strings.TrimSpace(name), "wait") {
				continue
			}
			n, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(seconds), `"`), 10, 31)
			if err == nil || errors.Is(err, strconv.ErrRange) { // n is 2^31-1 then
				return time.Duration(n) * time.Second, true
			}
		}
	}
	return 0, false
}
