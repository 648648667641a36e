package system

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lineup.dev/lineup/local/child"
)

func TestThePauseBeforeAProgramIsStartedAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ ran, pause, want time.Duration }{
		"the first time":             {time.Second, 0, 250 * time.Millisecond},
		"the second time":            {time.Second, 250 * time.Millisecond, 500 * time.Millisecond},
		"it grows no further":        {time.Second, 20 * time.Second, 30 * time.Second},
		"it stays there":             {time.Second, 30 * time.Second, 30 * time.Second},
		"after a minute without end": {time.Minute, 30 * time.Second, 250 * time.Millisecond},
	} {
		if got := restart(test.ran, test.pause); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestAProgramThatIsKilledIsStartedAgain(t *testing.T) {
	t.Parallel()
	p := newProgram(t, "sleep", "300")
	first := running(t, p, 0)
	p.Kill()
	second := running(t, p, first)
	p.Stop()
	if err := syscall.Kill(second, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("it is still there after Stop: %v", err)
	}
	if p.PID() != 0 {
		t.Errorf("it runs as %d after Stop", p.PID())
	}
	p.Stop()
	p.Kill()
	p.Start()
	running(t, p, second)
}

func TestAProgramStandsStillWhilePaused(t *testing.T) {
	t.Parallel()
	p := newProgram(t, "sleep", "300")
	pid := running(t, p, 0)
	p.Pause()
	awaitState(t, pid, "T")
	p.Resume()
	awaitState(t, pid, "S")
	p.Pause()
	p.Kill() // also ends one that stands still
	running(t, p, pid)
}

// awaitState waits until the kernel says that the process is in this state.
func awaitState(t *testing.T, pid int, want string) {
	t.Helper()
	state := ""
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		if state, _, _ = strings.Cut(rest, " "); state == want {
			return
		}
	}
	t.Fatalf("its state is %s, not %s", state, want)
}

func TestAProgramThatEndsAtOnceIsCalledFailing(t *testing.T) {
	t.Parallel()
	p := newProgram(t, "sh", "-c", "exit 2")
	for deadline := time.Now().Add(20 * time.Second); p.failing() == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not fail")
		}
	}
	if err := p.failing(); !strings.Contains(err.Error(), "exit status 2") {
		t.Errorf("the error is %v", err)
	}
}

func TestAProgramThatCannotBeStartedIsTriedAgain(t *testing.T) {
	t.Parallel()
	var tries atomic.Int32
	p := &Program{Name: "p", say: func(string, ...any) {}, log: io.NopCloser(nil)}
	p.start = func(context.Context) (*child.Process, error) {
		if tries.Add(1) < 3 {
			return nil, fmt.Errorf("not yet")
		}
		return child.Start(exec.Command("sleep", "300"))
	}
	p.Start()
	t.Cleanup(p.close)
	running(t, p, 0)
	if tries.Load() != 3 {
		t.Errorf("it took %d tries", tries.Load())
	}
}

func newProgram(t *testing.T, name string, args ...string) *Program {
	p := &Program{
		Name:  name,
		start: func(context.Context) (*child.Process, error) { return child.Start(exec.Command(name, args...)) },
		say:   func(string, ...any) {},
		log:   io.NopCloser(nil),
	}
	p.Start()
	t.Cleanup(p.close)
	return p
}

// running waits until the program runs, under another number than before.
func running(t *testing.T, p *Program, before int) int {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if pid := p.PID(); pid != 0 && pid != before {
			return pid
		}
	}
	t.Fatal("it does not run")
	return 0
}
