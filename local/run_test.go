package main_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
)

func TestLocal(t *testing.T) {
	local := filepath.Join(t.TempDir(), "local")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", local, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String()+" ends everything in order", func(t *testing.T) { testEnd(t, local, signal) })
	}
	t.Run("it leaves nothing behind when it is killed", func(t *testing.T) {
		cmd, _ := runLocal(t, local)
		children := childrenOf(t, cmd.Process.Pid)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait() // says that it was killed
		awaitGone(t, children)
	})
	for name, test := range map[string]struct {
		verb, setting, want string
		code                int
	}{
		"a wrong setting":                       {"run", "SAMPLES=maybe", `SAMPLES="maybe"`, 2},
		"a host that is none":                   {"run", "HOST=everywhere", "HOST=everywhere", 2},
		"a setting that is no number":           {"run", "VIEW_PORT=www", "VIEW_PORT", 2},
		"a folder for data that cannot be made": {"run", "DATA=/dev/null/data", "set DATA to a folder that can be written", 1},
		"another word than it knows":            {"walk", "", "say `local run`", 2},
	} {
		t.Run(name+" is told", func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), local, test.verb)
			cmd.Env = append(os.Environ(), test.setting)
			out, _ := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); code != test.code || !strings.Contains(string(out), test.want) {
				t.Errorf("it ended with %d and said %s", code, out)
			}
		})
	}
}

func testEnd(t *testing.T, local string, signal syscall.Signal) {
	cmd, out := runLocal(t, local)
	children := childrenOf(t, cmd.Process.Pid)
	began := time.Now()
	if err := cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended by %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	if !strings.Contains(string(rest), "stopped") || strings.Contains(string(rest), "killed") {
		t.Errorf("it said %s", rest)
	}
	awaitGone(t, children)
}

// runLocal starts `local run` on free ports and waits until it is ready.
func runLocal(t *testing.T, local string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	deptest.Models(t) // fetched with a deadline of its own
	cmd := exec.CommandContext(t.Context(), local, "run")
	cmd.Env = append(os.Environ(), "DATA="+t.TempDir(), "SAMPLES=off")
	for _, program := range []string{"RECEIVE", "VIEW", "PROCESS", "BRIDGE", "FACE", "NSQD", "MYSQL"} {
		cmd.Env = append(cmd.Env, program+"_PORT=0")
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { read.Close() })
	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	out := bufio.NewReader(read)
	var output strings.Builder
	for {
		line, err := out.ReadString('\n')
		output.WriteString(line)
		if strings.HasPrefix(line, "Ctrl-C ends it") {
			return cmd, out
		}
		if err != nil {
			t.Fatalf("it ended before it was ready: %s", &output)
		}
	}
}

// childrenOf gives the seven programs by their process numbers.
func childrenOf(t *testing.T, parent int) []int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	var children []int
	for _, name := range stats {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err != nil {
			t.Fatal(err)
		}
		if _, ppid := stateOf(pid); ppid == parent {
			children = append(children, pid)
		}
	}
	if len(children) != 7 {
		t.Fatalf("it has the children %v, not 7", children)
	}
	return children
}

func awaitGone(t *testing.T, pids []int) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for _, pid := range pids {
		for state, _ := stateOf(pid); state != "" && state != "Z"; state, _ = stateOf(pid) {
			if time.Now().After(deadline) {
				t.Fatalf("process %d is left behind", pid)
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// stateOf tells a process's state, empty when there is none, Z when it has ended and was not waited for, and its parent.
func stateOf(pid int) (state string, parent int) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fmt.Sscan(rest, &state, &parent)
	return state, parent
}
