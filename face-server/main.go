// Face-server answers over gRPC who is in a picture (proto/face.proto).
//
//	face-server                     serves
//	face-server identify PHOTO...   says who is in each of these files
//	face-server -trace-start        starts, prints where the time went, and ends
//	face-server accuracy DIR|CSV    measures how well people are told apart
package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"

	"lineup.dev/lineup/pkg/serve"
)

const purpose = `says over gRPC who is in a picture.

  face-server                     serves
  face-server identify PHOTO...   says who is in each of these files
  face-server -trace-start        starts, prints where the time went, and ends
  face-server accuracy DIR|CSV    measures how well people are told apart`

func main() {
	s := settings{
		Listen:  serve.Listen{Port: 50051},
		Models:  cmp.Or(os.Getenv("KO_DATA_PATH"), "face-server/kodata"),
		Workers: runtime.GOMAXPROCS(0),
	}
	serve.Settings("face-server", purpose, &s)
	switch {
	case len(os.Args) < 2:
		serve.Main("face-server", s.LogLevel, s.serve)
	case os.Args[1] == "accuracy" && len(os.Args) == 3:
		log := serve.Logger("face-server", max(s.LogLevel, slog.LevelWarn))
		ctx, stop := serve.Context()
		code := s.accuracy(ctx, log, os.Args[2], os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	case os.Args[1] == "-trace-start" && len(os.Args) == 2:
		serve.Main("face-server", max(s.LogLevel, slog.LevelWarn), func(ctx context.Context, log *slog.Logger) error {
			return s.traceStart(ctx, log, os.Stdout)
		})
	case os.Args[1] == "identify" && len(os.Args) > 2:
		log := serve.Logger("face-server", max(s.LogLevel, slog.LevelWarn))
		ctx, stop := serve.Context()
		code := s.identify(ctx, log, os.Args[2:], os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	default:
		fmt.Fprintln(os.Stderr, "face-server: use `face-server`, `face-server identify PHOTO...`, `face-server accuracy DIR`, or `face-server -help`")
		os.Exit(2)
	}
}
