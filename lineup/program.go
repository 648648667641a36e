package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// program is what a verb works with.
type program struct {
	settings settings
	client   *client
	report   *report
	stdin    io.Reader
}

var (
	// errUsage says that the command line is wrong; what is wrong was said.
	errUsage = errors.New("usage")
	// errSome says that a picture was refused, failed or is late; which ones was said.
	errSome = errors.New("not every picture")
)

// parse reads a verb's flags, which add names to those that all verbs have. They may stand before and behind the names;
// behind -- are names alone, which may begin with a dash.
func (p *program) parse(verb string, args []string, add func(*flag.FlagSet)) (names []string, err error) {
	flags := flag.NewFlagSet("lineup "+verb, flag.ContinueOnError)
	flags.SetOutput(p.report.stderr)
	flags.BoolVar(&p.report.json, "json", p.report.json, "print a line of JSON for each picture, to a terminal as well")
	add(flags)
	for {
		switch err := flags.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			return nil, err
		case err != nil:
			return nil, errUsage
		}
		rest := flags.Args()
		if parsed := len(args) - len(rest); len(rest) == 0 || parsed > 0 && args[parsed-1] == "--" {
			return append(names, rest...), nil
		}
		names, args = append(names, rest[0]), rest[1:]
	}
}

// usage tells what is wrong about the command line.
func (p *program) usage(format string, args ...any) error {
	p.report.note("%s; lineup -help tells more", fmt.Sprintf(format, args...))
	return errUsage
}

// tell prints what became of one.
func (p *program) tell(result posted) {
	text := fmt.Sprintf("%d  %s  %s", result.ID, result.Status, result.File)
	switch {
	case result.Error != "":
		// receive names an upload's file itself
		text = fmt.Sprintf("refused  %s: %s", result.File, strings.TrimPrefix(result.Error, filepath.Base(result.File)+": "))
	case result.Folder != 0:
		text = fmt.Sprintf("folder %d  %s", result.Folder, result.File)
	}
	line, _ := json.Marshal(result) // of these fields, nothing fails
	p.report.picture(line, text, result.Error == "")
}
