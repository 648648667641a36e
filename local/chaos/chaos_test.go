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
	"lineup.dev/lineup/local/testkit"
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
		Seconds: 25, Seed: 7, Rate: 10, Waiting: 100, Times: "short", Patience: 8 * time.Second, Recovery: 2 * time.Minute, Quiet: 2 * time.Minute, Programs: programs,
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

func TestEverySetting(t *testing.T) {
	testkit.Settings(t, func() any {
		return &chaos.Settings{Seconds: 1, Rate: 1, Waiting: 1, Times: "short", Patience: time.Second, Recovery: time.Second, Quiet: time.Second}
	})
}
