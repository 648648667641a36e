package chaos

import (
	"strings"
	"testing"
	"time"
)

func TestTheReportTellsOfEveryHop(t *testing.T) {
	t.Parallel()
	began := time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return began.Add(time.Duration(seconds) * time.Second) }
	hole := func(hop string) fault { return fault{kind: "black hole", what: hop, hop: true} }
	r := &Report{limit: time.Minute, facts: facts{crew: new(crew)}, recoveries: []recovered{
		{hole("a→b"), at(0), 3 * time.Second},
		{hole("c→d"), at(10), 61 * time.Second},
		{fault{kind: "kill a", what: "a"}, at(20), time.Second},
		{hole("a→b"), at(30), 4 * time.Second},
	}}
	for _, one := range r.recoveries {
		r.facts.faults = append(r.facts.faults, injected{fault: one.fault, from: one.since, to: one.since})
	}
	var report strings.Builder
	r.Write(&report)
	for _, want := range []string{
		"black hole  3         4.0 s              61.0 s", "kill a      1         1.0 s              1.0 s",
		"a→b                  2, 4.0 s", "c→d                  1, 61.0 s",
		"SLOW: what waited after black hole (c→d) at 12:00:10: 61.0 s, 2 more faults meanwhile",
	} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("the report does not say %q:\n%s", want, report.String())
		}
	}
	if r.Good() {
		t.Error("a backlog of more than the limit is good")
	}
	r.recoveries[1].took = time.Minute
	if !r.Good() {
		t.Errorf("what took no longer than the limit is not good: %q", r.slow())
	}
	if r.recoveries[3].took = 0; r.Good() || r.longest().since != at(30) {
		t.Error("a backlog that was never gone is good")
	}
}
