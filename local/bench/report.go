package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is what a run measured, and where.
type Report struct {
	Machine  Machine           `json:"machine"`
	Versions map[string]string `json:"versions"`
	Load     struct {
		Before string `json:"before"` // of 1, 5 and 15 minutes
		After  string `json:"after"`
	} `json:"load_average"`
	Started time.Time `json:"started"`
	Seconds float64   `json:"seconds"`
	Length  string    `json:"length"` // what BENCH said
	Figures []Figure  `json:"figures"`
}

// Figure is one thing measured, or a baseline.
type Figure struct {
	Name  string             `json:"name"`
	Value float64            `json:"value"` // median of the rounds
	Unit  string             `json:"unit"`
	Ratio map[string]float64 `json:"ratio,omitempty"` // by baseline: value / the baseline's in the same rounds

	P50    float64   `json:"p50_ms,omitempty"` // of one request
	P99    float64   `json:"p99_ms,omitempty"`
	Rounds []float64 `json:"rounds,omitempty"`
	Spread float64   `json:"spread,omitempty"` // of the rounds, as a part of the value

	CPU map[string]float64 `json:"cpu_ms,omitempty"` // milliseconds of a processor for one, by part

	Compared string `json:"compared,omitempty"` // with REF: what is noise and what is not
	Error    string `json:"error,omitempty"`    // why it could not be measured
}

// newFigure sums up the rounds of a figure.
func newFigure(name, unit string, rounds []sample) Figure {
	f := Figure{Name: name, Unit: unit}
	var p50, p99 []float64
	for _, r := range rounds {
		f.Rounds, p50, p99 = append(f.Rounds, r.value), append(p50, r.p50), append(p99, r.p99)
	}
	f.Value, f.Spread, f.P50, f.P99 = median(f.Rounds), spread(f.Rounds), median(p50), median(p99)
	f.CPU = meanCosts(rounds)
	return f
}

// compareWith puts down the ratio to a baseline.
func (f *Figure) compareWith(baseline string, other Figure) {
	if other.Value == 0 || f.Error != "" || other.Error != "" {
		return
	}
	if f.Ratio == nil {
		f.Ratio = make(map[string]float64)
	}
	f.Ratio[baseline] = f.Value / other.Value
}

// Failed gives the figures that could not be measured.
func (r *Report) Failed() (names []string) {
	for _, f := range r.Figures {
		if f.Error != "" {
			names = append(names, f.Name)
		}
	}
	return names
}

// Write prints the report for a reader.
func (r *Report) Write(w io.Writer) {
	m := r.Machine
	fmt.Fprintf(w, "\n%s, %d cores, %.0f GB, %s; load average %s before, %s after\n", m.CPU, m.Cores, m.MemoryGB, m.Kernel, r.Load.Before, r.Load.After)
	for i, name := range slices.Sorted(maps.Keys(r.Versions)) {
		if i > 0 {
			fmt.Fprint(w, ", ")
		}
		fmt.Fprintf(w, "%s %s", name, r.Versions[name])
	}
	fmt.Fprintf(w, "\nBENCH=%s, %.0f s; each value is the median of its rounds, ± half of what they lie apart\n\n", r.Length, r.Seconds)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "figure\tvalue\tunit\t±\tp50 ms\tp99 ms\tprocessor ms each\tbeside")
	for _, f := range r.Figures {
		if f.Error != "" {
			fmt.Fprintf(table, "%s\tNOT MEASURED\t\t\t\t\t\t%s\n", f.Name, f.Error)
			continue
		}
		var beside []string
		for _, baseline := range slices.Sorted(maps.Keys(f.Ratio)) {
			beside = append(beside, fmt.Sprintf("%s of %s", digits(f.Ratio[baseline]), baseline))
		}
		if f.Compared != "" {
			beside = append(beside, f.Compared)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%.0f %%\t%s\t%s\t%s\t%s\n", f.Name, digits(f.Value), f.Unit, 50*f.Spread, timed(f.P50), timed(f.P99), listed(f.CPU), strings.Join(beside, ", "))
	}
	table.Flush()
	writeCapacity(w, capacity(r.Figures))
}

// listed names each part with its number, those that cost least left out.
func listed(parts map[string]float64) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if parts[name] >= 0.01 {
			all = append(all, name+" "+digits(parts[name]))
		}
	}
	return strings.Join(all, ", ")
}

func timed(ms float64) string {
	if ms == 0 {
		return ""
	}
	return digits(ms)
}

// Save writes the report as JSON.
func (r *Report) Save(file string) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := os.WriteFile(file, append(content, '\n'), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// Read reads a report that was saved.
func Read(file string) (*Report, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read a report: %w", err)
	}
	var r Report
	if err := json.Unmarshal(content, &r); err != nil {
		return nil, fmt.Errorf("read the report %s: %w; next: make bench writes it anew", file, err)
	}
	if len(r.Figures) == 0 {
		return nil, fmt.Errorf("the report %s has no figures; next: make bench writes it anew", file)
	}
	return &r, nil
}
