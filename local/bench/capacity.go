package bench

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// busy is which part of a core's time may be planned for: with more, what waits grows quickly.
const busy = 0.6

// planned are the rates, pictures a second, that the table is computed for.
var planned = []float64{1, 100, 10_000}

// shares say in which figures a picture's cost for each part was measured; of several it is the sum.
var shares = []struct {
	part    string
	figures []string
}{
	{"receive", []string{"receive.single.c16"}},
	{"nsqd", []string{"receive.single.c16", "bridge.alone"}},
	{"mariadb", []string{"receive.single.c16", "process.alone"}},
	{"bridge", []string{"bridge.alone"}},
	{"process", []string{"process.alone"}},
	{"face-server", []string{"faces.photos.c2"}},
}

// need is what one part takes: milliseconds of a processor for a picture, and cores at each planned rate.
type need struct {
	part  string
	each  float64
	cores []float64
}

// capacity computes what each part takes from measured figures. It gives nothing when one of them is missing.
func capacity(figures []Figure) (needs []need) {
	for _, share := range shares {
		n := need{part: share.part}
		for _, name := range share.figures {
			i := slices.IndexFunc(figures, func(f Figure) bool { return f.Name == name })
			if i < 0 || figures[i].CPU[share.part] == 0 {
				return nil
			}
			n.each += figures[i].CPU[share.part]
		}
		for _, rate := range planned {
			n.cores = append(n.cores, rate*n.each/1000/busy)
		}
		needs = append(needs, n)
	}
	return needs
}

// writeCapacity prints the table.
func writeCapacity(w io.Writer, needs []need) {
	if len(needs) == 0 {
		return
	}
	fmt.Fprintf(w, "\ncores of this machine's kind, %.0f %% busy, by pictures a second that are posted one by one and have one face\n\n", 100*busy)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "part\tprocessor ms a picture")
	for _, rate := range planned {
		fmt.Fprintf(table, "\t%.0f/s", rate)
	}
	fmt.Fprintln(table)
	for _, n := range needs {
		fmt.Fprintf(table, "%s\t%s", n.part, digits(n.each))
		for _, cores := range n.cores {
			fmt.Fprintf(table, "\t%s", digits(cores))
		}
		fmt.Fprintln(table)
	}
	table.Flush()
}

// digits has three digits that matter.
func digits(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}
