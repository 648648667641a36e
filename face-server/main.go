// Face-server answers over gRPC who is in a picture (proto/face.proto).
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"lineup.dev/lineup/pkg/serve"
)

const (
	program = "face-server"
	usage   = `  face-server                     serves
  face-server identify PHOTO...   says who is in each of these files
  face-server -trace-start        starts, prints where the time went, and ends
  face-server accuracy DIR|CSV    measures how well people are told apart`
	purpose = "says over gRPC who is in a picture.\n\n" + usage
)

func main() {
	if len(os.Args) == 3 && serve.AsksForHelp(os.Args[2]) { // of a command, which needs no settings
		fmt.Printf("%s\n\nthe settings: %s -help\n", usage, program)
		return
	}
	config := defaults()
	serve.Settings(program, purpose, &config, serve.TakesArguments)
	if len(os.Args) < 2 {
		serve.Main(program, config.LogLevel, serve.Observed(program, config.Telemetry, func(ctx context.Context, log *slog.Logger) error { return run(ctx, config, log) }))
		return
	}
	command, args := os.Args[1], os.Args[2:]
	config.LogLevel = max(config.LogLevel, slog.LevelWarn) // what a command prints is its answer
	switch {
	case command == "identify" && len(args) > 0:
		exit(config, func(ctx context.Context, log *slog.Logger) int {
			return identifyFiles(ctx, config, log, args, os.Stdout, os.Stderr)
		})
	case command == "accuracy" && len(args) == 1:
		exit(config, func(ctx context.Context, log *slog.Logger) int {
			return measureAccuracy(ctx, config, log, args[0], os.Stdout, os.Stderr)
		})
	case command == "-trace-start" && len(args) == 0:
		serve.Main(program, config.LogLevel, func(ctx context.Context, log *slog.Logger) error {
			return traceStart(ctx, config, log, os.Stdout)
		})
	default:
		fmt.Fprintf(os.Stderr, "%s: these arguments fit no command; next: use one of these, or `%s -help`\n\n%s\n", program, program, usage)
		os.Exit(2)
	}
}

// exit runs a command and ends the program with the code that it gives.
func exit(config settings, command func(context.Context, *slog.Logger) int) {
	ctx, stop := serve.Context()
	code := command(ctx, serve.Logger(program, config.LogLevel))
	stop()
	os.Exit(code)
}
