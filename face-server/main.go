// Face-server answers over gRPC who is in a picture (proto/face.proto).
//
//	face-server                     serves
//	face-server identify PHOTO...   says who is in each of these files
package main

import (
	"cmp"
	"fmt"
	"log/slog"
	"os"
	"runtime"

	"lineup/pkg/serve"
)

const purpose = `says over gRPC who is in a picture.

  face-server                     serves
  face-server identify PHOTO...   says who is in each of these files`

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
	case os.Args[1] == "identify" && len(os.Args) > 2:
		log := serve.Logger("face-server", max(s.LogLevel, slog.LevelWarn))
		ctx, stop := serve.Context()
		code := s.identify(ctx, log, os.Args[2:], os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	default:
		fmt.Fprintln(os.Stderr, "face-server: use `face-server`, `face-server identify PHOTO...`, or `face-server -help`")
		os.Exit(2)
	}
}
