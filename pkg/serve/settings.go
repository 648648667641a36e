package serve

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"os"
	"reflect"
	"regexp"
	"slices"
	"text/tabwriter"
	"time"
)

// Log is what every program can be told about its log.
type Log struct {
	LogLevel slog.Level `envconfig:"LOG_LEVEL" default:"info" desc:"debug, info, warn or error; not set: what Knative's K_LOGGING_CONFIG says, if it does"`
}

// Listen is what every program that listens can be told. A program embeds it in
// its own settings and fills in the port it listens on by default.
type Listen struct {
	Host  string        `envconfig:"HOST" default:"0.0.0.0" form:"host" desc:"address to listen on"`
	Port  int           `envconfig:"PORT" min:"0" max:"65535" desc:"port to listen on; 0 takes any free one"`
	Grace time.Duration `envconfig:"GRACE" default:"20s" min:"1ms" max:"1h" desc:"time that work in flight has to end after SIGTERM, then it is given back, which takes up to 3s; SIGKILL should come 5s later or more"`
	// Not with PORT: what Knative lets in there is let in by everybody.
	ProfileAddress string `envconfig:"PROFILE_ADDRESS" form:"address" desc:"host:port where go tool pprof finds profiles, such as 127.0.0.1:6060; whoever reaches it sees into the program's memory; not set: nowhere"`
	Log
}

// Settings fills spec, a pointer to a struct with envconfig tags, from the
// environment. A field keeps the value it has when neither the environment nor a
// default tag names another. With -help as the first argument it prints what the
// program is for and every setting with its value now, with -version the build, and
// ends the program; settings that cannot work end it with status 2, each with what
// is wrong about it, and so do arguments, unless [TakesArguments] is among the options.
//
// Beside envconfig's tags a field may have
//   - desc: what it means, for -help
//   - min, max: the range of a number or a duration, both included
//   - oneof: the values that a string may have, separated by spaces
//   - form: what a text, or each of a list, has to be: address (host:port), host, url
//     (http or https), or any, where nothing can be said of it before it is used
//   - secret:"true": -help shows only whether it is set
//
// A password inside a URL is never shown. What no tag can tell (rules between fields,
// what a file says) is in a method Check() error of spec, or of a struct that it embeds.
func Settings(program, purpose string, spec any, options ...Option) {
	levelFault := levelFromKnative(program)
	faults := read(spec)
	if len(os.Args) > 1 && !slices.Contains(options, TakesArguments) {
		faults = append([]fault{{err: fmt.Errorf("%q is no argument of %s, which takes -help and -version alone: settings come from the environment", os.Args[1], program)}}, faults...)
	}
	if levelFault != nil {
		faults = append(faults, fault{knativeLogging, levelFault})
	}
	switch {
	case len(os.Args) > 1 && AsksForHelp(os.Args[1]):
		printSettings(os.Stdout, program, purpose, spec, faults)
		os.Exit(0)
	case len(os.Args) > 1 && isVersion(os.Args[1]):
		fmt.Println(program, Version())
		os.Exit(0)
	}
	if len(faults) == 0 {
		return
	}
	for _, f := range faults {
		fmt.Fprintf(os.Stderr, "%s: %s\n", program, hidePasswords(f.err.Error()))
	}
	fmt.Fprintf(os.Stderr, "next: correct what is named, or see `%s -help`\n", program)
	os.Exit(2)
}

// Option changes what [Settings] does.
type Option int

// TakesArguments leaves arguments other than -help and -version to the program.
const TakesArguments Option = 1

// AsksForHelp tells whether a program's argument asks what it is for.
func AsksForHelp(arg string) bool {
	return arg == "-h" || arg == "-help" || arg == "--help" || arg == "help"
}

func isVersion(arg string) bool {
	return arg == "-version" || arg == "--version" || arg == "version"
}

// printSettings shows every setting with its value. One that cannot be read shows
// what the environment or else its default says.
func printSettings(w io.Writer, program, purpose string, spec any, faults []fault) {
	unread := map[string]bool{}
	for _, f := range faults {
		unread[f.key] = true
	}
	fmt.Fprintf(w, "%s: %s\n\nSettings, from the environment (value now in brackets):\n\n", program, purpose)
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range fields(spec) {
		text := fmt.Sprint(s.value.Interface())
		if unread[s.key] {
			text = cmp.Or(os.Getenv(s.key), s.tags.Get("default"), text)
		}
		fmt.Fprintf(columns, "  %s\t[%s]\t%s\n", s.key, shown(text, s.tags), s.tags.Get("desc"))
	}
	columns.Flush()
}

func shown(value string, tags reflect.StructTag) string {
	switch {
	case value == "":
		return "not set"
	case tags.Get("secret") == "true":
		return "set, hidden"
	}
	return hidePasswords(value)
}

func hidePasswords(text string) string { return password.ReplaceAllString(text, "${1}xxxxx@") }

// password is a URL's, also one with a comma, or not escaped as it should be.
var password = regexp.MustCompile(`(://[^/?#\s:@]*:)[^/?#\s]*@`)
