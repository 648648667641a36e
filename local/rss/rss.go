// Package rss tells tests and benchmarks how much memory a process holds.
package rss

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// MB gives what this process has resident now and what it had at most, in megabytes
// of 1,000,000 bytes.
func MB(tb testing.TB) (now, most float64) {
	tb.Helper()
	return Of(tb, os.Getpid())
}

// Of is MB for the process of that number (proc(5): VmRSS and VmHWM in /proc/pid/status).
func Of(tb testing.TB, pid int) (now, most float64) {
	tb.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fmt.Sscanf(line, "VmRSS: %f kB", &now)  //nolint:errcheck // it fails on every other line
		fmt.Sscanf(line, "VmHWM: %f kB", &most) //nolint:errcheck // so does this
	}
	if now == 0 || most == 0 {
		tb.Fatalf("/proc/%d/status names no VmRSS or no VmHWM", pid)
	}
	return now * 1024 / 1e6, most * 1024 / 1e6
}

// ResetPeak makes what is resident now the most there was (proc(5): clear_refs).
func ResetPeak(tb testing.TB) {
	tb.Helper()
	ResetPeakOf(tb, os.Getpid())
}

// ResetPeakOf is ResetPeak for the process of that number, which this one may write to.
func ResetPeakOf(tb testing.TB, pid int) {
	tb.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
		tb.Fatal(err)
	}
}
