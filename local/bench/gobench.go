package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"lineup.dev/lineup/local/child"
)

// goGroups are figures that Go benchmarks measure: recognition and search, which need no process of their own.
func goGroups() []group {
	return []group{
		{name: "search.1m", lengths: []string{"standard", "all"}, rounds: 1, prepare: goBenchmarks("./face-server/search", "^BenchmarkNear$/^1M$", []goFigure{
			{"search.1m", "Near/1M", "ms-cpu/search", "ms", []string{"memory_read", "scan"}},
			{"search.1m.of_500", "Near/1M", "ms-cpu/search-of-500", "ms", []string{"memory_read", "scan"}},
			{"search.1m.memory", "Near/1M", "MB-RSS", "MB", nil},
			{"search.1m.queries", "Near/1M", "queries-above", "queries", nil},
			{"search.1m.missed", "Near/1M", "best-missed", "queries", nil},
			{"memory_read@search.1m", "Near/1M", "ms-cpu/read", "ms", nil},
			{"scan@search.1m", "Near/1M", "ms-cpu/scan", "ms", nil},
		})},
		{name: "faces.picture", rounds: 1, prepare: goBenchmarks("./face-server/face", "^BenchmarkPicture$", []goFigure{
			{"faces.picture", "Picture/whole", "ns/op", "ms", []string{"networks"}},
			{"faces.picture.decode", "Picture/decode", "ns/op", "ms", []string{"networks"}},
			{"networks@faces.picture", "Picture/network_detector+Picture/network_landmarks+Picture/network_embedder", "ns/op", "ms", nil},
		})},
		{name: "go", lengths: []string{"all"}, rounds: 1, prepare: everyGoBenchmark},
	}
}

// goFigure is a figure, and the benchmark and unit that it is read from; of several benchmarks, joined by +, it is the sum.
type goFigure struct {
	name, benchmarks, measure, unit string
	beside                          []string
}

// goBenchmarks runs Go benchmarks when the first of its figures is measured.
func goBenchmarks(pkg, pattern string, figures []goFigure) func(context.Context, *lab) ([]subject, error) {
	return func(_ context.Context, l *lab) (subjects []subject, _ error) {
		once := l.goOnce(pkg, pattern)
		for _, f := range figures {
			subjects = append(subjects, subject{name: f.name, unit: f.unit, beside: f.beside, measure: func(ctx context.Context) (sample, error) {
				results, err := once(ctx)
				if err != nil {
					return sample{}, err
				}
				value, err := f.read(results)
				return sample{value: value}, err
			}})
		}
		return subjects, nil
	}
}

// read gives the figure's value, in milliseconds where the benchmark tells nanoseconds.
func (f goFigure) read(results []goResult) (sum float64, err error) {
	for name := range strings.SplitSeq(f.benchmarks, "+") {
		value, err := find(results, name, f.measure)
		if err != nil {
			return 0, err
		}
		sum += value
	}
	if f.measure == "ns/op" {
		sum /= 1e6
	}
	return sum, nil
}

// everyGoBenchmark runs all Go benchmarks that there are; each of their measures is a figure.
func everyGoBenchmark(ctx context.Context, l *lab) (subjects []subject, _ error) {
	results, err := l.goOnce("./...", ".")(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range results {
		for _, unit := range slices.Sorted(maps.Keys(r.measures)) {
			subjects = append(subjects, subject{name: "go." + r.name + "." + unit, unit: unit, measure: func(context.Context) (sample, error) {
				return sample{value: r.measures[unit]}, nil
			}})
		}
	}
	return subjects, nil
}

// fewQueries is of how many queries the search's agreement with the scan is measured, unless there is time for all: each
// is a scan.
const fewQueries = "400"

// goOnce gives what runs Go benchmarks the first time that it is called.
func (l *lab) goOnce(pkg, pattern string) func(context.Context) ([]goResult, error) {
	var once sync.Once
	var results []goResult
	var err error
	return func(ctx context.Context) ([]goResult, error) {
		once.Do(func() {
			var out bytes.Buffer
			cmd := exec.Command("go", "test", "-run", "^$", "-bench", pattern, "-timeout", "60m", pkg)
			cmd.Dir, cmd.Stdout, cmd.Stderr = l.root, &out, &out
			if l.settings.Length != "all" {
				cmd.Env = append(os.Environ(), "SEARCH_QUERIES="+fewQueries)
			}
			var p *child.Process
			if p, err = child.Start(cmd); err != nil {
				return
			}
			select {
			case <-p.Done():
				err = p.Err()
			case <-ctx.Done():
				p.Kill()
				err = ctx.Err()
			}
			if err != nil {
				err = fmt.Errorf("go test -bench %s %s: %w: %s", pattern, pkg, err, out.Bytes()[max(0, out.Len()-1000):])
				return
			}
			results, err = parseGo(&out)
		})
		return results, err
	}
}

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
