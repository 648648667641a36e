package accuracy

import (
	"fmt"
	"io"
	"math"
)

// printOpenSet prints how searches with strangers among them fare.
func printOpenSet(w io.Writer, trials []Trial) {
	o := Summarise(trials)
	fmt.Fprintf(w, "\nopen-set identification\trate\t95 %% (people drawn anew)\n")
	printEstimate(w, "rank-1", o.Rank1, "")
	printEstimate(w, "recognised", o.Recognised, "")
	printEstimate(w, "strangers named", o.Named, "")
	for _, at := range o.At {
		remark := fmt.Sprintf("\tby the rule with a threshold above %.3f", at.Threshold)
		if float64(o.Strangers)*at.FPIR < 1 {
			remark += fmt.Sprintf(", as at FPIR 0: fewer than %.0f strangers", 1/at.FPIR)
		}
		printEstimate(w, fmt.Sprintf("DIR at FPIR %g %%", 100*at.FPIR), at.Estimate, remark)
	}
}

func printEstimate(w io.Writer, name string, e Estimate, remark string) {
	fmt.Fprintf(w, "%s\t%s\t%s%s\n", name, formatRate(e.Rate), e.bounds(), remark)
}

func (e Estimate) bounds() string {
	if math.IsNaN(e.Low) {
		return "–"
	}
	return fmt.Sprintf("%.3f to %.3f", e.Low, e.High)
}

// printStated prints what was said of the chance of a wrong name against what came of it.
func printStated(w io.Writer, rows []StatedRate) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(w, "\nstrangers named at a chance of\tobserved\t95 %%\n")
	for _, row := range rows {
		fmt.Fprintf(w, "%g %%\t%s\t%s\n", 100*row.Stated, formatRate(row.Observed.Rate), row.Observed.bounds())
	}
}

// printGalleries prints what is said of names in galleries of several sizes.
func printGalleries(w io.Writer, rows []GalleryStated) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(w, "\nas the models state\tthreshold\tof one person reach it\tstrangers named\twrong of names at it\tat %.1f\n", SureSimilarity)
	for _, row := range rows {
		fmt.Fprintf(w, "gallery of %d photos\t%.3f\t%s\t%s\t%s\t%s\n", row.Photos, row.Threshold, formatPart(row.Reached), formatRate(row.Strangers), formatPart(row.WrongAt[0]), formatRate(row.WrongAt[1]))
	}
}

// printReliability prints how likely a name was said to be wrong against how often it was.
func printReliability(w io.Writer, name string, rows []Reliability) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\tsearches\tstated on average\tobserved\t95 %%\n", name)
	for _, row := range rows {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\n", row.Name, row.Searches, formatRate(row.Stated), formatRate(row.Observed.Rate), row.Observed.bounds())
	}
}

// printGroups prints a table of searches in groups.
func printGroups(w io.Writer, name string, groups []Group) {
	if len(groups) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\tsearches\tfound\trank-1\trecognised\t95 %%\tanother's name\tof strangers\tnamed\t95 %%\tDIR at FPIR 1 %%\n", name)
	for _, g := range groups {
		o := Summarise(g.Trials)
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", g.Name, o.Mated, formatPart(o.Found.Rate), formatPart(o.Rank1.Rate),
			formatPart(o.Recognised.Rate), o.Recognised.bounds(), formatPart(o.Mistaken.Rate), o.Strangers, formatPart(o.Named.Rate), o.Named.bounds(), formatPart(o.At[0].Rate))
	}
}

// printDifferences prints what another run did in the same searches.
func printDifferences(w io.Writer, before Run, after []Trial) {
	both, differences := Differences(before.Trials, after)
	fmt.Fprintf(w, "\n%d searches in common with %s\tthen\tnow\t95 %% of the difference\n", both, before.Name)
	for _, d := range differences {
		fmt.Fprintf(w, "%s\t%s\t%s\t%+.3f to %+.3f\n", d.What, formatRate(d.Before), formatRate(d.After), d.Low, d.High)
	}
}
