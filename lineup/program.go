package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
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

// parse reads a verb's flags, which add names to those that all verbs have. They may stand before and behind the names.
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
		if flags.NArg() == 0 {
			return names, nil
		}
		names, args = append(names, flags.Arg(0)), flags.Args()[1:]
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
		text = fmt.Sprintf("refused  %s: %s", result.File, result.Error)
	case result.Folder != 0:
		text = fmt.Sprintf("folder %d  %s", result.Folder, result.File)
	}
	line, _ := json.Marshal(result) // of these fields, nothing fails
	p.report.picture(line, text, result.Error == "")
}
