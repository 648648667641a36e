package collector

import (
	"fmt"
	"slices"
	"strings"
)

// Text is a trace as a tree: when each span began and how long it took, in milliseconds.
func Text(spans []Span) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%8s %8s\n", "began", "took")
	known := func(id string) bool { return slices.ContainsFunc(spans, func(s Span) bool { return s.ID == id }) }
	for _, s := range spans {
		if !known(s.Parent) {
			write(&b, spans, s, 0)
		}
	}
	return b.String()
}

func write(b *strings.Builder, spans []Span, s Span, depth int) {
	failed := ""
	if s.Failed {
		failed = " (failed)"
	}
	fmt.Fprintf(b, "%8.1f %8.1f  %s%s: %s%s\n", milliseconds(s.Start.Sub(spans[0].Start)), milliseconds(s.End.Sub(s.Start)),
		strings.Repeat("  ", depth), s.Service, s.Name, failed)
	for _, child := range spans {
		if child.Parent == s.ID {
			write(b, spans, child, depth+1)
		}
	}
}

func milliseconds(d interface{ Seconds() float64 }) float64 { return d.Seconds() * 1000 }
