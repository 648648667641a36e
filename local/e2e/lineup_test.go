package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
)

// line is what both `lineup post` and `lineup wait` print of a picture.
type line struct {
	ID         int64
	File, Path string
	Status     string
	Error      string
	Reason     string
	CreatedAt  string `json:"created_at"`
}

// lineup runs the command as a script does: nothing of it is a terminal.
func (c client) lineup(stdin io.Reader, args ...string) (lines []line, out []byte, code int) {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), filepath.Join(programs, "lineup"), args...)
	cmd.Env = append(os.Environ(), "RECEIVE_URL="+c.At.Receive, "VIEW_URL="+c.At.View)
	cmd.Stdin = stdin
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		c.t.Fatal(err)
	}
	out = stdout.Bytes()
	for text := range bytes.Lines(out) {
		var one line
		if err := json.Unmarshal(text, &one); err != nil {
			c.t.Fatalf("lineup %s printed %s: %v; stderr %s", args, text, err, &stderr)
		}
		lines = append(lines, one)
	}
	return lines, out, cmd.ProcessState.ExitCode()
}

func ids(lines []line) (all []int64) {
	for _, one := range lines {
		all = append(all, one.ID)
	}
	slices.Sort(all)
	return all
}

// TestTheCommand posts, waits and lists with the real receive and view.
func TestTheCommand(t *testing.T) {
	t.Parallel()
	pictures := filepath.Join(deptest.Samples(t), "pictures")
	c := start(t, pictures)

	posted, out, code := c.lineup(nil, "post", pictures)
	if files, _ := filepath.Glob(pictures + "/*.jpg"); code != 0 || len(posted) != len(files) {
		t.Fatalf("post ended with %d and printed %s", code, out)
	}
	waited, final, code := c.lineup(bytes.NewReader(out), "wait", "-")
	if code != 0 || !slices.Equal(ids(waited), ids(posted)) {
		t.Errorf("wait ended with %d and printed %s", code, final)
	}
	again, out, code := c.lineup(nil, "post", pictures)
	if code != 0 || !slices.Equal(ids(again), ids(posted)) {
		t.Errorf("post again ended with %d and printed %s", code, out)
	}

	noPicture := filepath.Join(t.TempDir(), "notes.txt")
	testkit.Succeed(t, os.WriteFile(noPicture, []byte("no picture"), 0o600))
	mixed, out, code := c.lineup(nil, "post", noPicture, filepath.Join(pictures, "tiger.jpg"))
	if code != 1 || len(mixed) != 2 {
		t.Errorf("post of a text ended with %d and printed %s", code, out)
	}
	for _, one := range mixed {
		if (one.File == noPicture) != (one.Error != "") {
			t.Errorf("of %s it printed %q", one.File, one.Error)
		}
	}

	byPath, out, code := c.lineup(strings.NewReader("tiger.jpg\n"+filepath.Join(pictures, "dana.jpg")+"\n../no.jpg\nnowhere.jpg\n"), "post", "-")
	if code != 1 || len(byPath) != 4 || byPath[2].Error == "" {
		t.Errorf("post of paths ended with %d and printed %s", code, out)
	}
	waited, out, code = c.lineup(bytes.NewReader(out), "wait", "-")
	if code != 1 || len(waited) != 4 {
		t.Errorf("wait for these ended with %d and printed %s", code, out)
	}
	if failed, out, code := c.lineup(nil, "ls", "-status", "failed"); code != 0 || len(failed) != 1 || failed[0].Reason == "" {
		t.Errorf("ls of the failed ended with %d and printed %s", code, out)
	}
	if two, out, code := c.lineup(nil, "ls", "-limit", "2"); code != 0 || len(two) != 2 || two[0].ID < two[1].ID || two[0].CreatedAt == "" {
		t.Errorf("ls of two ended with %d and printed %s", code, out)
	}
	if none, out, code := c.lineup(nil, "wait"); code != 0 || len(none) != 0 {
		t.Errorf("wait for nothing ended with %d and printed %s", code, out)
	}
}
