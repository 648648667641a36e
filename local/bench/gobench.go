package bench

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// goResult is a line of `go test -bench`: a benchmark's name without Benchmark and
// without the number of processors, and its measures by their units.
type goResult struct {
	name     string
	measures map[string]float64
}

// processors is what the testing package puts behind a name.
var processors = regexp.MustCompile(`-\d+$`)

// parseGo reads what `go test -bench` printed. A benchmark that failed is an error, and
// so are none at all.
func parseGo(r io.Reader) (results []goResult, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if name, failed := strings.CutPrefix(strings.TrimSpace(line), "--- FAIL: "); failed {
			return nil, fmt.Errorf("%s failed", name)
		}
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		if _, err := strconv.Atoi(fields[1]); err != nil {
			continue // what the benchmark logged
		}
		result := goResult{processors.ReplaceAllString(strings.TrimPrefix(fields[0], "Benchmark"), ""), make(map[string]float64)}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("the line %q has no number before %s", line, fields[i+1])
			}
			result.measures[fields[i+1]] = value
		}
		results = append(results, result)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read what the benchmarks printed: %w", err)
	}
	if len(results) == 0 {
		return nil, fmt.Errorf("the benchmarks printed no result")
	}
	return results, nil
}

// find gives the measure of a benchmark.
func find(results []goResult, name, unit string) (float64, error) {
	for _, r := range results {
		if r.name == name {
			if value, ok := r.measures[unit]; ok {
				return value, nil
			}
			return 0, fmt.Errorf("the benchmark %s tells no %s", name, unit)
		}
	}
	return 0, fmt.Errorf("no benchmark is called %s", name)
}
