// Command local runs all of Lineup on this machine, and fetches what that needs: `local -help` tells how.
package main

import (
	"context"
	"fmt"
	"os"

	"lineup.dev/lineup/local/samples"
	"lineup.dev/lineup/local/system"
	"lineup.dev/lineup/pkg/serve"
)

func main() {
	verbs := map[string]func(context.Context) error{"run": run, "chaos": breakThings, "models": models, "samples": printFolder(samples.Folder), "portraits": printFolder(samples.Portraits), "buf": runBuf}
	if len(os.Args) < 2 || verbs[os.Args[1]] == nil || len(os.Args) > 2 && os.Args[1] != "buf" {
		serve.Settings("local", purpose, new(system.Settings)) // tells of them when asked by -help
		fmt.Fprintln(os.Stderr, "local: say `local run`, `local chaos`, `local models`, `local samples`, `local portraits` or `local buf ARGUMENTS`; `local -help` tells more")
		os.Exit(2)
	}
	ctx, stop := serve.Context()
	err := verbs[os.Args[1]](ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "local:", err)
		os.Exit(1)
	}
}
