package serve_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"lineup.dev/lineup/pkg/serve"
)

// patience is the longest a test waits for what must happen.
const patience = 20 * time.Second

// The test binary is also the program that the tests run, when this variable is set.
const asProgram = "RUN_AS_EXAMPLE"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		example()
		return
	}
	os.Exit(m.Run())
}

// example is a program as they all are.
func example() {
	type settings struct {
		Database string `envconfig:"DATABASE" required:"true" secret:"true" desc:"where the rows are"`
		Sink     string `envconfig:"SINK" desc:"where events go"`
		Fail     string `envconfig:"FAIL" desc:"why it cannot go on"`
		serve.Web
		Wait  time.Duration `envconfig:"WAIT" default:"30s" desc:"how long it waits"`
		Again bool          `envconfig:"AGAIN" desc:"whether it tries again"`
		Greet string        `envconfig:"GREET" default:"hello" desc:"how it greets"`
	}
	s := settings{Web: serve.Web{Listen: serve.Listen{Port: 8123}}}
	serve.Settings("example", "shows what every program does", &s)
	serve.Main("example", s.LogLevel, func(ctx context.Context, log *slog.Logger) error {
		log.Debug("settings read")
		if s.Fail != "" {
			return errors.New(s.Fail)
		}
		return serve.HTTP(ctx, s.Web, log, http.HandlerFunc(echo), nil)
	})
}

// echo answers with what it is sent, piece by piece, for as long as it is sent any.
func echo(w http.ResponseWriter, r *http.Request) {
	c := http.NewResponseController(w)
	c.EnableFullDuplex() // not needed and not there in HTTP/2
	c.Flush()
	io.Copy(flushing{w, c}, r.Body)
}

type flushing struct {
	io.Writer
	c *http.ResponseController
}

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	return n, errors.Join(err, f.c.Flush())
}

// program is the example with nothing but these settings in its environment.
func program(t *testing.T, settings []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append([]string{asProgram + "=yes",
		"GORACE=atexit_sleep_ms=0",                // else the race detector lingers for a second
		"GOCOVERDIR=" + t.TempDir()}, settings...) // else a binary with coverage complains on stderr
	return cmd
}

// run runs it to its end.
func run(t *testing.T, cmd *exec.Cmd) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}
