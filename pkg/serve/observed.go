package serve

import (
	"context"
	"log/slog"

	"lineup.dev/lineup/pkg/telemetry"
)

// Telemetry is what a program can be told about its traces and metrics.
type Telemetry = telemetry.Settings

// Observed makes of a program's run one that is traced and measured, as t says.
func Observed(program string, t Telemetry, run func(context.Context, *slog.Logger) error) func(context.Context, *slog.Logger) error {
	return t.Around(program, Version(), run)
}
