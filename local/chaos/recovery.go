package chaos

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// counted is what came of some faults: how many there were, and how long recovering took.
type counted struct {
	faults       int
	median, most time.Duration // 0: never
}

// count counts the recoveries after faults that are so.
func count(all []recovered, so func(fault) bool) (c counted) {
	var times []time.Duration
	for _, r := range all {
		if !so(r.fault) {
			continue
		}
		c.faults++
		if r.took > 0 {
			times = append(times, r.took)
		}
	}
	if n := len(times); n > 0 {
		slices.Sort(times)
		c.median, c.most = (times[(n-1)/2]+times[n/2])/2, times[n-1]
	}
	return c
}

// writeRecoveries prints what was injected and how long recovering took, by kind, and by
// hop where a kind has hops.
func (r *Report) writeRecoveries(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	kinds := r.kinds(func(fault) bool { return true })
	ofHops := r.kinds(func(f fault) bool { return f.hop })
	fmt.Fprintf(table, "\nfault\tinjected\trecovered: median\tmost\n")
	for _, kind := range kinds {
		c := count(r.recoveries, func(f fault) bool { return f.kind == kind })
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\n", kind, c.faults, orNever(c.median), orNever(c.most))
	}
	fmt.Fprintf(table, "\nhop: injected, most\t%s\n", strings.Join(ofHops, "\t"))
	for _, hop := range r.names(func(f fault) bool { return f.hop }, func(f fault) string { return f.what }) {
		fmt.Fprint(table, hop)
		for _, kind := range ofHops {
			c := count(r.recoveries, func(f fault) bool { return f.kind == kind && f.what == hop })
			if c.faults == 0 {
				fmt.Fprint(table, "\t–")
				continue
			}
			fmt.Fprintf(table, "\t%d, %s", c.faults, orNever(c.most))
		}
		fmt.Fprintln(table)
	}
	table.Flush()
}

// kinds gives the kinds of the faults that are so, sorted.
func (r *Report) kinds(so func(fault) bool) []string {
	return r.names(so, func(f fault) string { return f.kind })
}

// names gives what the faults that are so are called, each name once, sorted.
func (r *Report) names(so func(fault) bool, name func(fault) string) (names []string) {
	for _, one := range r.recoveries {
		if so(one.fault) {
			names = append(names, name(one.fault))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func orNever(d time.Duration) string {
	if d == 0 {
		return "never"
	}
	return seconds(d)
}

// longest gives the recovery that took longest, one that is not over before all others.
func (r *Report) longest() (longest recovered) {
	for i, one := range r.recoveries {
		if i == 0 || longest.took > 0 && (one.took == 0 || one.took > longest.took) {
			longest = one
		}
	}
	return longest
}

// slow says which recoveries took longer than they may.
func (r *Report) slow() (slow []string) {
	for _, one := range r.recoveries {
		if one.took == 0 || one.took > r.limit {
			note(&slow, "what waited after %s", r.describe(one))
		}
	}
	return slow
}

// describe says how a recovery went, and what else happened meanwhile.
func (r *Report) describe(one recovered) string {
	if one.fault.kind == "" {
		return "none"
	}
	later := 0
	for _, f := range r.facts.faults {
		if f.from.After(one.since) && (one.took == 0 || f.from.Before(one.since.Add(one.took))) {
			later++
		}
	}
	return fmt.Sprintf("%s (%s) at %s: %s, %d more faults meanwhile", one.fault.kind, one.fault.what, one.since.Format(time.TimeOnly), orNever(one.took), later)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
