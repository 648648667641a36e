// Command lineup posts pictures, waits for their results and lists them, enrols people and exports, over the HTTP API of receive and view.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"io"
	"os"

	"lineup.dev/lineup/pkg/serve"
)

const purpose = `posts pictures, waits for their results and lists them; enrols people from a folder, and exports.

  lineup post [-paths] [-json] DIR|FILE|- ...
        uploads files, and of a folder every file that is named like a picture. -paths posts their absolute paths
        instead, for programs that see the same files. A - reads paths from stdin, one a line, and posts them as they
        stand; one that ends in / is a folder that receive itself goes through. To post a picture again is harmless: what was interrupted is simply repeated.
  lineup wait [-timeout 10m] [-json] [ID...|folders/ID...|-]
        waits until these pictures, or all in a folder that was posted by its path, have a result. Without an ID: all
        that have none now; a - reads from stdin what lineup post printed: lineup post -json DIR | lineup wait -
  lineup ls [-status STATUS] [-person ID|NAME] [-limit 50] [-json]
        lists the newest pictures.
  lineup people import [-dry-run] [-anyway] [-json] DIR
        enrols the photos in a folder: each folder in it is a person, and a photo in none is whose its name tells, as
        name_1.jpg is name's. It prints what became of each: enrolled, already there, pending, unusable, conflict or
        refused, and why. To do it again is harmless. -anyway enrols what is like another named person, too. Where an
        export's people.json lies beside the photos, that tells whose they are.
  lineup export [-json] DIR
        writes all pictures with their faces as pictures.json and faces.csv, the people as people/people.json, and for
        each picture with names a sidecar file of XMP under sidecars/, which photo managers read.

Progress goes to stderr, and only to a terminal. On stdout there is text for a terminal; for a file or a pipe, or with
-json, a line of JSON for each picture. It ends with 0 when every picture was accepted (post), or identified or found
unknown (wait), every photo enrolled, there or pending (people import), or everything written (export); with 1 when one
was refused, failed or had no result in time, a folder holds no picture, the programs cannot be reached, or stdout takes
no more; with 2 when the command or a setting is wrong; with 130 after Ctrl-C.`

func main() {
	var s settings
	serve.Settings("lineup", purpose, &s, serve.TakesArguments)
	ctx, stop := serve.Context()
	code := run(ctx, s, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run does what the arguments say and gives the exit status.
func run(ctx context.Context, s settings, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	r := newReport(stdout, stderr)
	p := &program{settings: s, client: newClient(s, r.note), report: r, stdin: stdin}
	verbs := map[string]func(context.Context, *program, []string) error{"post": post, "wait": wait, "ls": list, "people": ofPeople, "export": export}
	if len(args) == 0 || verbs[args[0]] == nil {
		r.note("say lineup post, lineup wait, lineup ls, lineup people import or lineup export; lineup -help tells more")
		return 2
	}
	err := verbs[args[0]](ctx, p, args[1:])
	r.end()
	if lost := r.written(); lost != nil {
		r.note("%v", lost)
		err = cmp.Or(err, errSome)
	}
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	case ctx.Err() != nil:
		r.note("stopped; do the same again to go on, nothing is done twice")
		return 130
	case !errors.Is(err, errSome):
		r.note("%v", err)
	}
	return 1
}
