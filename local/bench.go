package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"lineup.dev/lineup/local/bench"
	"lineup.dev/lineup/pkg/serve"
)

// measure runs the benchmarks of the programs and prints their report.
func measure(ctx context.Context) error {
	var settings bench.Settings
	serve.Settings("local", purpose, &settings, serve.TakesArguments)
	report, err := bench.Run(ctx, settings, say)
	if err != nil {
		return err
	}
	report.Write(os.Stdout)
	if failed := report.Failed(); len(failed) > 0 {
		return fmt.Errorf("not measured: %s; the table says why", strings.Join(failed, ", "))
	}
	return nil
}
