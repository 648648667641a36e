package chaos

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"
)

// Report is what a run found.
type Report struct {
	Seed uint64 // that decided it

	findings   findings
	facts      facts
	recoveries []recovered
	limit      time.Duration  // of each recovery
	posted     map[string]int // requests, by way
	pages      int64          // of view
	late       int            // overwritten paths that were looked at again only at rest
	retries    int
	throttled  time.Duration
	ran        time.Duration
}

// Good tells that nothing was lost, nothing was done twice, nothing was wrong, and nothing waited too long.
func (r *Report) Good() bool {
	return len(r.findings.lost)+len(r.findings.doubled)+len(r.findings.wrong)+len(r.slow()) == 0
}

// shown is how many findings of a sort are printed.
const shown = 20

// Write prints the tables, and what is not as it must be.
func (r *Report) Write(w io.Writer) {
	v, f, slow := r.findings, r.facts, r.slow()
	r.writeRecoveries(w)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	images := make(map[kind]int)
	for _, p := range f.accepted {
		images[p.picture.kind]++
	}
	fmt.Fprintf(table, "\nimages\t\n")
	for _, k := range kinds {
		fmt.Fprintf(table, "%s\t%d\n", k.kind, images[k.kind])
	}
	fmt.Fprintf(table, "\nrequests accepted\t\n")
	for _, way := range slices.Sorted(maps.Keys(r.posted)) {
		fmt.Fprintf(table, "%s\t%d\n", way, r.posted[way])
	}

	calls, most, events := 0, 0, 0
	for id, n := range f.calls {
		if f.rows[id] != nil {
			calls, most = calls+n, max(most, n)
		}
	}
	for _, e := range f.events {
		events += e.times
	}
	fmt.Fprintf(table, "\nall\t\n")
	for _, line := range []struct {
		what  string
		count any
	}{
		{"seed", r.Seed},
		{"faults", fmt.Sprintf("%d of %d kinds in %s", len(f.faults), len(r.kinds(func(fault) bool { return true })), seconds(r.ran))},
		{"longest recovery", r.describe(r.longest())},
		{"recoveries that took longer than " + r.limit.String(), len(slow)},
		{"images", fmt.Sprintf("%d, %.1f a second", len(f.accepted), float64(len(f.accepted))/r.ran.Seconds())},
		{"lost", len(v.lost)},
		{"doubled", len(v.doubled)},
		{"otherwise wrong", len(v.wrong)},
		{"given up for broken calls", v.givenUp},
		{"calls of the face server", fmt.Sprintf("%d, at most %d for one image; %d would be too many", calls, most, v.callsMost+1)},
		{"events at the sink", fmt.Sprintf("%d, of them %d repeats", events, v.repeats)},
		{"results superseded before they were told", v.superseded},
		{"overwritten paths looked at again only at rest", r.late},
		{"garbage published", fmt.Sprintf("%d, lost by a killed nsqd %d", len(f.garbage), v.lostGarbage)},
		{"pages of view read", r.pages},
		{"dead letters", len(f.dead)},
		{"people enrolled", fmt.Sprintf("%d, of them %d by a photo that cannot be used; %d enrolments repeated", len(f.crew.now.names), f.crew.unusable, f.crew.repeated)},
		{"people erased", fmt.Sprintf("%d; of %d whose photo was put into the gallery's folder, %d", len(f.crew.erased), len(f.crew.placed), len(f.crew.banished))},
		{"changes by hand", fmt.Sprintf("%d, and %d new looks; %d requests refused as they should, %d sent again", len(f.crew.changes), f.crew.looked, f.crew.refused, f.crew.retries)},
		{"requests sent again for want of an answer", r.retries},
		{"posting throttled back, too much waiting", seconds(r.throttled)},
	} {
		fmt.Fprintf(table, "%s\t%v\n", line.what, line.count)
	}
	table.Flush()
	for _, findings := range []struct {
		name string
		all  []string
	}{{"LOST", v.lost}, {"DOUBLED", v.doubled}, {"WRONG", v.wrong}, {"SLOW", slow}} {
		for i, finding := range findings.all {
			if i == shown {
				fmt.Fprintf(w, "%s: and %d more\n", findings.name, len(findings.all)-shown)
				break
			}
			fmt.Fprintf(w, "%s: %s\n", findings.name, finding)
		}
	}
}
