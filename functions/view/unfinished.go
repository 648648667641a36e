package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"lineup.dev/lineup/pkg/serve"
)

// unfinished is what was not done of a form over several things.
type unfinished struct {
	of      int // so many things
	failed  []notDone
	untried int     // after one that failed as all others would
	gone    int     // of what was to be deleted, already
	changes []int64 // that were made
}

// notDone is one of these things, and why.
type notDone struct {
	index int
	about string // what the page calls it, empty for nothing
	err   error
}

// name is what it is called at the beginning of a list.
func (n notDone) name() string {
	if n.about != "" {
		return n.about
	}
	return "the " + nth(n.index+1)
}

// nth is a number as the place in a row.
func nth(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, suffix)
}

// statusOf is the status of a problem that a call met, 0 where it is none.
func statusOf(err error) int {
	if problem, ok := errors.AsType[*serve.Problem](err); ok {
		return problem.Status
	}
	return 0
}

// stopsAll tells of a problem that is not that of one thing: the next would meet it, too.
func stopsAll(err error) bool {
	switch status := statusOf(err); status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return true
	default:
		return status == 0 || status >= http.StatusInternalServerError
	}
}

// problem tells what was done and what was not, and why; nil where nothing failed. Where nothing was done for one
// reason, it is that.
func (u unfinished) problem() error {
	if len(u.failed) == 0 {
		return nil
	}
	first := u.failed[0].err
	reasons, about := u.byReason()
	finished := u.of - len(u.failed) - u.untried
	if finished == 0 && len(reasons) == 1 {
		return first
	}
	text := fmt.Sprintf("%d of %d were done.", finished-u.gone, u.of)
	if u.gone > 0 {
		text += fmt.Sprintf(" Already gone: %d.", u.gone)
	}
	for _, reason := range reasons {
		text += " " + strings.ToUpper(about[reason][:1]) + about[reason][1:] + ": " + reason
	}
	switch {
	case u.untried == 1:
		text += " The last was not tried."
	case u.untried > 1:
		text += fmt.Sprintf(" The last %d were not tried.", u.untried)
	}
	whole := problemOf(first)
	whole.Type, whole.Detail = "", text
	return &refusedForm{title: "Not all was done", problem: &whole, changes: u.changes}
}

// namesTold is of how many things with one reason the names are told.
const namesTold = 5

// byReason gives the reasons, in the order in which they were met, and what each is about.
func (u unfinished) byReason() (reasons []string, about map[string]string) {
	about = map[string]string{}
	times := map[string]int{}
	for _, one := range u.failed {
		reason := beforeHint(problemOf(one.err).Detail)
		switch times[reason]++; {
		case times[reason] == 1:
			reasons = append(reasons, reason)
			about[reason] = one.name()
		case times[reason] <= namesTold:
			about[reason] += ", " + one.name()
		}
	}
	for reason, n := range times {
		if n > namesTold {
			about[reason] += fmt.Sprintf(" and %d more", n-namesTold)
		}
	}
	return reasons, about
}
