package chaos_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/chaos"
	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/local/system"
)

// TestNothingIsLostOrDoubled is a short `make chaos`, with the race detector in every program.
func TestNothingIsLostOrDoubled(t *testing.T) {
	deptest.Models(t) // fetched with a deadline of its own
	root, err := parts.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	programs := filepath.Join(root, "bin", "race") // it stays, so that what has not changed is not linked anew
	if err := system.Build(t.Context(), root, programs, "-race"); err != nil {
		t.Fatal(err)
	}
	report, err := chaos.Run(t.Context(), chaos.Settings{
		Seconds: 25, Seed: 7, Rate: 10, Waiting: 100, Times: "short", Patience: 8 * time.Second, Quiet: 2 * time.Minute, Programs: programs,
	}, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	report.Write(&table)
	t.Log(table.String())
	if !report.Good() {
		t.Error("something was lost, done twice or wrong")
	}
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	good := chaos.Settings{Seconds: 1, Rate: 1, Waiting: 1, Times: "short", Patience: time.Second, Quiet: time.Second}
	for name, test := range map[string]struct {
		change func(*chaos.Settings)
		want   string
	}{
		"no time":       {func(s *chaos.Settings) { s.Seconds = 0 }, "CHAOS_SECONDS"},
		"no pictures":   {func(s *chaos.Settings) { s.Rate = 0 }, "CHAOS_RATE"},
		"nothing waits": {func(s *chaos.Settings) { s.Waiting = 0 }, "CHAOS_WAITING"},
		"no patience":   {func(s *chaos.Settings) { s.Patience = 0 }, "CHAOS_PATIENCE"},
		"no end":        {func(s *chaos.Settings) { s.Quiet = 0 }, "CHAOS_QUIET"},
		"other times":   {func(s *chaos.Settings) { s.Times = "slow" }, "CHAOS_TIMES=slow"},
	} {
		s := good
		test.change(&s)
		if _, err := chaos.Run(t.Context(), s, t.Logf); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}
