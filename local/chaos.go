package main

import (
	"context"
	"errors"
	"os"

	"lineup.dev/lineup/local/chaos"
	"lineup.dev/lineup/pkg/serve"
)

// breakThings runs everything under faults and says what came of it.
func breakThings(ctx context.Context) error {
	var settings chaos.Settings
	serve.Settings("local", purpose, &settings, serve.TakesArguments)
	report, err := chaos.Run(ctx, settings, say)
	if err != nil {
		return err
	}
	report.Write(os.Stdout)
	if !report.Good() {
		return errors.New("something was lost, done twice, wrong or too slow: see above")
	}
	return nil
}
