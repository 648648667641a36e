package serve

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"os"
	"reflect"
	"regexp"
	"text/tabwriter"
	"text/template"
	"time"

	"github.com/kelseyhightower/envconfig"
)

// Listen is what every program that listens can be told. A program embeds it in
// its own settings and fills in the port it listens on by default.
type Listen struct {
	Host     string        `envconfig:"HOST" default:"0.0.0.0" desc:"address to listen on"`
	Port     int           `envconfig:"PORT" desc:"port to listen on; 0 takes any free one"`
	Grace    time.Duration `envconfig:"GRACE" default:"20s" desc:"time that work in flight has to end after SIGTERM, then it is given back; SIGKILL should come 5s later or more"`
	LogLevel slog.Level    `envconfig:"LOG_LEVEL" default:"info" desc:"debug, info, warn or error"`
}

// Settings fills spec, a pointer to a struct with envconfig tags, from the
// environment. A field keeps the value it has when neither the environment nor a
// default tag names another. With -help as the first argument it prints what the
// program is for and every setting with its value now, and ends the program; a
// value that does not fit ends it with status 2 and says which.
//
// A field with the tag `secret:"true"` shows only whether it is set, and a
// password inside a URL is never shown.
func Settings(program, purpose string, spec any) {
	err := envconfig.Process("", spec)
	if len(os.Args) > 1 && isHelp(os.Args[1]) {
		printSettings(os.Stdout, program, purpose, spec, err != nil)
		os.Exit(0)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\nnext: correct it, or see `%s -help`\n", program, settingError(err), program)
		os.Exit(2)
	}
}

func isHelp(arg string) bool {
	return arg == "-h" || arg == "-help" || arg == "--help" || arg == "help"
}

// settingError says which setting is wrong, and shows the value only when it
// cannot be a secret: a value that failed to parse is a number, a time or a flag.
func settingError(err error) error {
	if e, ok := err.(*envconfig.ParseError); ok {
		return fmt.Errorf("%s=%q is no %s: %w", e.KeyName, e.Value, e.TypeName, e.Err)
	}
	return err
}

// printSettings shows every setting with its value. Reading stops at the first one
// that is missing or wrong: when incomplete, those that were not read show what the
// environment or else their default says.
func printSettings(w io.Writer, program, purpose string, spec any, incomplete bool) {
	value := func(key string, field reflect.Value, tags reflect.StructTag) string {
		text := fmt.Sprint(field.Interface())
		if incomplete && field.IsZero() {
			text = cmp.Or(os.Getenv(key), tags.Get("default"), text)
		}
		return shown(text, tags)
	}
	fmt.Fprintf(w, "%s: %s\n\nSettings, from the environment (value now in brackets):\n\n", program, purpose)
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	// envconfig keeps its list of settings to itself and its templates.
	const rows = "{{range .}}  {{.Key}}\t[{{value .Key .Field .Tags}}]\t{{.Tags.Get \"desc\"}}\n{{end}}"
	if err := envconfig.Usaget("", spec, columns, template.Must(template.New("settings").Funcs(template.FuncMap{"value": value}).Parse(rows))); err != nil {
		fmt.Fprintln(w, err)
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
	return password.ReplaceAllString(value, "${1}xxxxx@")
}

// password is a URL's, also one with a comma, or not escaped as it should be.
var password = regexp.MustCompile(`(://[^/?#\s:@]*:)[^/?#\s]*@`)
