// Command local runs all of Lineup on this machine, and fetches what that needs: `local -help` tells how.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"lineup.dev/lineup/local/bench"
	"lineup.dev/lineup/local/chaos"
	"lineup.dev/lineup/local/samples"
	"lineup.dev/lineup/local/system"
	"lineup.dev/lineup/pkg/serve"
)

// withArguments are the verbs that run another program with the arguments that follow.
var withArguments = []string{"buf", "mariadb", "mariadb-dump"}

func main() {
	verbs := map[string]func(context.Context) error{"run": run, "chaos": breakThings, "bench": measure, "models": models, "samples": printFolder(samples.Folder), "portraits": printFolder(samples.Portraits), "buf": runBuf, "mariadb": runClient, "mariadb-dump": runClient}
	if len(os.Args) == 3 && verbs[os.Args[1]] != nil && !slices.Contains(withArguments, os.Args[1]) && serve.AsksForHelp(os.Args[2]) {
		help(os.Args[1])
	}
	if len(os.Args) < 2 || verbs[os.Args[1]] == nil || len(os.Args) > 2 && !slices.Contains(withArguments, os.Args[1]) {
		serve.Settings("local", purpose, new(system.Settings), serve.TakesArguments) // tells of them when asked by -help
		fmt.Fprintln(os.Stderr, "local: say `local run`, `local chaos`, `local bench`, `local models`, `local samples`, `local portraits`, or `local buf`, `local mariadb` or `local mariadb-dump` and their arguments; `local -help` tells more")
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

// help prints what can be told to a verb, and ends the program.
func help(verb string) {
	os.Args = []string{os.Args[0], "-help"}
	switch verb {
	case "chaos":
		serve.Settings("local", purpose, new(chaos.Settings), serve.TakesArguments)
	case "bench":
		serve.Settings("local", purpose, new(bench.Settings), serve.TakesArguments)
	}
	serve.Settings("local", purpose, new(system.Settings), serve.TakesArguments)
}
