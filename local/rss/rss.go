// Package rss tells tests and benchmarks how much memory this process holds.
package rss

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// MB gives what the process has resident now and what it had at most, in megabytes
// of 1,000,000 bytes (proc(5): VmRSS and VmHWM in /proc/self/status).
func MB(tb testing.TB) (now, most float64) {
	tb.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fmt.Sscanf(line, "VmRSS: %f kB", &now)  //nolint:errcheck // it fails on every other line
		fmt.Sscanf(line, "VmHWM: %f kB", &most) //nolint:errcheck // so does this
	}
	if now == 0 || most == 0 {
		tb.Fatal("/proc/self/status names no VmRSS or no VmHWM")
	}
	return now * 1024 / 1e6, most * 1024 / 1e6
}

// ResetPeak makes what is resident now the most there was (proc(5): clear_refs).
func ResetPeak(tb testing.TB) {
	tb.Helper()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		tb.Fatal(err)
	}
}
