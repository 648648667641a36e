package bench

import (
	"fmt"
	"regexp"
	"time"
)

// Settings of a run.
type Settings struct {
	Length  string        `envconfig:"BENCH" default:"standard" oneof:"quick standard all" desc:"quick: one short round of each figure and no table of a million rows, to try things out; standard: 20 minutes at most; all: also the Go benchmarks"`
	Only    string        `envconfig:"RUN" form:"any" desc:"regular expression of the groups of figures to measure; not set: all"`
	Ref     string        `envconfig:"REF" form:"any" desc:"a commit whose programs are measured in turn with this checkout's, by make bench-compare; not set: none"`
	Rounds  int           `envconfig:"BENCH_ROUNDS" default:"0" min:"0" max:"1000" desc:"rounds of each figure, its baselines in each; 0: 3, with REF 5, with BENCH=quick 1"`
	Round   time.Duration `envconfig:"BENCH_ROUND" default:"0" min:"0" max:"1h" desc:"how long one round of a rate takes; 0: 2s, with BENCH=quick 500ms"`
	File    string        `envconfig:"BENCH_FILE" default:"bench.json" form:"any" desc:"where the report goes as JSON, after each group of figures"`
	Profile string        `envconfig:"BENCH_PROFILES" form:"any" desc:"folder for CPU and allocation profiles of each program under its load, by make profile; not set: none are taken"`
}

// Check refuses what is no regular expression.
func (s *Settings) Check() error {
	if _, err := regexp.Compile(s.Only); err != nil {
		return fmt.Errorf("RUN=%q: %w; name groups, such as receive or way.alone", s.Only, err)
	}
	return nil
}

// rounds and round are what was set, or what goes with the length.
func (s *Settings) rounds() int {
	switch {
	case s.Rounds > 0:
		return s.Rounds
	case s.Length == "quick":
		return 1
	case s.Ref != "":
		return 5
	}
	return 3
}

func (s *Settings) round() time.Duration {
	switch {
	case s.Round > 0:
		return s.Round
	case s.Length == "quick":
		return 500 * time.Millisecond
	}
	return 2 * time.Second
}
