package serve

import (
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// limitMemory lets the garbage collector know how much memory the container may use
// (cgroup v2's memory.max), so that it works harder before the kernel kills the
// program. A tenth is left for what the Go runtime does not count, its own pages among
// it; a program that allocates much in C needs more, and sets GOMEMLIMIT, which counts
// instead.
func limitMemory() {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	content, err := os.ReadFile("/sys/fs/cgroup/memory.max")
	if err != nil {
		return // no container
	}
	limit, own := goLimit(string(content)), int64(len(ballast))
	debug.SetMemoryLimit(min(limit, math.MaxInt64-own) + own) // the ballast counts, and takes nothing
}

// ballast has the garbage collector wait for that much more garbage, as it waits for as much as there is kept: these
// programs keep a few megabytes and make a hundred of garbage a second under load, and a tenth of their time would go into
// looking at the same few again. Nobody writes to it, so that it takes none of the machine's memory.
var ballast = make([]byte, 16<<20)

// goLimit is nine tenths of what memory.max says: bytes, or "max" for no limit.
func goLimit(memoryMax string) int64 {
	limit, err := strconv.ParseInt(strings.TrimSpace(memoryMax), 10, 64)
	if err != nil {
		return math.MaxInt64
	}
	return limit / 10 * 9
}
