package accuracy

import (
	"fmt"
	"io"
	"text/tabwriter"

	"lineup.dev/lineup/pkg/match"
)

// Report is what was measured.
type Report struct {
	Model   string
	Rule    match.Rule // now in force
	Photos  int
	Covered int      // of their faces, those covered in part
	Scores  Scores   // sorted
	Outcome *Outcome // nil where there was no gallery; its Misses are in Misses
	Misses  []Miss
	// Conditions is the same for photos made harder; nil where that was not asked for.
	Conditions []Group
	// Certainty is what the models say of false matches, and Enrolled how many photos a face
	// is compared with: together how likely a name is said to be wrong.
	Certainty match.Certainty
	Enrolled  int
	Galleries []GalleryStated
	Baseline  *Run // another run to compare with; nil without
}

// Run is the report's searches, to be compared with another's.
func (r Report) Run() Run {
	if r.Outcome == nil {
		return Run{Name: r.Model}
	}
	return Run{Name: r.Model, Trials: r.Outcome.Trials}
}

// Print writes the report for a reader.
func (r Report) Print(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	same, different := len(r.Scores.Same), len(r.Scores.Different)
	fmt.Fprintf(w, "model\t%s\nphotos\t%d\npairs\t%d of one person, %d of two\n", r.Model, r.Photos, same, different)
	if r.Covered > 0 {
		fmt.Fprintf(w, "covered\t%d of the faces: %.2f less similar here than they are, as the server takes them\n", r.Covered, match.OccludedExtra)
	}
	fmt.Fprintf(w, "ROC AUC\t%s\n\n", formatRate(r.Scores.AUC()))

	fmt.Fprintf(w, "\tTPR\tFPR\tthreshold\n")
	for _, at := range []struct {
		name string
		fpr  float64
	}{{"FPR at most 1e-2", 1e-2}, {"FPR at most 1e-3", 1e-3}, {"FPR 0", 0}} {
		remark := ""
		if at.fpr > 0 && different > 0 && at.fpr*float64(different) < 1 {
			remark = fmt.Sprintf("\tas at FPR 0: fewer than %.0f pairs of two", 1/at.fpr)
		}
		printRow(w, at.name, r.Scores.Within(at.fpr), remark)
	}
	printRow(w, "threshold now", r.Scores.At(r.Rule.Threshold), "")
	printRow(w, "threshold proposed", r.Scores.Chosen(), "")

	if o := r.Outcome; o != nil {
		fmt.Fprintf(w, "\nidentification\tthreshold %.2f, margin %.2f\n", r.Rule.Threshold, r.Rule.Margin)
		fmt.Fprintf(w, "known people recognised\t%s\n", countOf(o.Recognised, o.Known))
		fmt.Fprintf(w, "given another's name\t%s\n", countOf(o.Mistaken, o.Known))
		fmt.Fprintf(w, "strangers given a name\t%s\n", countOf(o.Named, o.Strangers))
		fmt.Fprintf(w, "\t(%d of nobody in the gallery, %d with their own people's photos taken out)\n", o.Outsiders, o.Strangers-o.Outsiders)
		printOpenSet(w, o.Trials)
		printStated(w, Stated(o.Trials, r.Certainty.FalseMatches, r.Enrolled))
		printGalleries(w, r.Galleries)
		printReliability(w, "nearest said to be another with", Reliabilities(o.Trials, r.Certainty, r.Enrolled))
		printReliability(w, "the same by size", ReliabilitiesBy(BySize(o.Trials), r.Certainty, r.Enrolled))
		printReliability(w, "the same made harder", append(Reliabilities(together(r.Conditions), r.Certainty, r.Enrolled), ReliabilitiesBy(r.Conditions, r.Certainty, r.Enrolled)...))
		printGroups(w, "by size", BySize(o.Trials))
		printGroups(w, "by years", ByYears(o.Trials))
		printGroups(w, "made harder", r.Conditions)
		if r.Baseline != nil {
			printDifferences(w, *r.Baseline, o.Trials)
		}
	}

	fmt.Fprintf(w, "\nmisses\t%d\n", len(r.Misses))
	for _, m := range r.Misses {
		fmt.Fprintf(w, "%s\t%s\n", m.File, m.What)
	}
	fmt.Fprintf(w, "\n%s\n", r.reason())
	return w.Flush()
}

func printRow(w io.Writer, name string, p Point, remark string) {
	fmt.Fprintf(w, "%s\t%s\t%s\t%s%s\n", name, formatRate(p.TPR), formatRate(p.FPR), formatThreshold(p.Threshold), remark)
}

// reason says how the threshold was chosen, and how little it may be worth.
func (r Report) reason() string {
	different := len(r.Scores.Different)
	if different == 0 || len(r.Scores.Same) == 0 {
		return "No threshold is proposed: that takes pairs of one person and pairs of two."
	}
	p := r.Scores.Chosen()
	text := fmt.Sprintf("The threshold proposed, %.2f, is the lowest at which at most one in 10,000 pairs of two persons is taken for one's,\n"+
		"in the middle of the gap there. On other photos it will do a little worse than on these.", p.Threshold)
	if p.FPR == 0 {
		// Hanley and Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 249 (1983).
		text += fmt.Sprintf("\nNo false pair among %d says only that, at 95 %% confidence, fewer than %.2g %% are false.",
			different, min(100, 300/float64(different)))
	}
	return text
}
