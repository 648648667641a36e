package accuracy

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// Run is a measurement as it is kept, to compare a later one with.
type Run struct {
	Name   string  `json:"name"` // of models, commit or whatever tells two runs apart
	Trials []Trial `json:"trials"`
}

// Write writes a run as JSON.
func (r Run) Write(to io.Writer) error {
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", " ")
	return encoder.Encode(r)
}

// ReadRun reads a run that [Run.Write] wrote.
func ReadRun(from io.Reader) (Run, error) {
	var r Run
	decoder := json.NewDecoder(from)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return r, fmt.Errorf("read the run to compare with: %w; next: write it again with ACCURACY_TRIALS", err)
	}
	return r, nil
}

// Difference is a rate of two runs over the same searches, and the interval in which their
// difference lies at 95 % confidence.
type Difference struct {
	What          string
	Before, After float64
	Low, High     float64 // of After - Before
}

// Differences compares two runs over the searches that both have, and tells how many these are.
func Differences(before, after []Trial) (both int, differences []Difference) {
	earlier := map[string]Trial{}
	for _, t := range before {
		earlier[t.key()] = t
	}
	var old, young []Trial
	for _, t := range after {
		if b, ok := earlier[t.key()]; ok {
			old, young = append(old, b), append(young, t)
		}
	}
	one := make([]int, len(old))
	for i := range one {
		one[i] = 1
	}
	for _, s := range []struct {
		what string
		rate statistic
	}{
		{"found", foundRate},
		{"rank-1", rank1Rate},
		{"recognised", recognisedRate},
		{"given another's name", mistakenRate},
		{"strangers named", namedRate},
		{"DIR at FPIR 1 %", dirAt(1e-2)},
		{"DIR at FPIR 0.1 %", dirAt(1e-3)},
	} {
		d := Difference{What: s.what, Before: s.rate(old, one), After: s.rate(young, one)}
		d.Low, d.High = interval(young, func(weights []int) float64 { return s.rate(young, weights) - s.rate(old, weights) })
		if !math.IsNaN(d.Before) {
			differences = append(differences, d)
		}
	}
	return len(old), differences
}
