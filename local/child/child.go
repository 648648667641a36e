// Package child runs other programs so that none outlives its parent.
package child

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Process is a started program. It is in a process group of its own, so that the terminal's Ctrl-C reaches only its
// parent, and the kernel kills it when its parent dies, however that happens.
type Process struct {
	PID  int
	name string
	done chan struct{}
	err  error
}

// Start starts cmd, whose SysProcAttr and WaitDelay it sets.
func Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{name: filepath.Base(cmd.Path), done: make(chan struct{})}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second // for what it printed, should a program of its own hold on to the pipe
	started := make(chan error)
	go func() {
		// The kernel sends the death signal when the thread that started the program ends, so that thread is kept
		// for as long as the program runs.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	p.PID = cmd.Process.Pid
	return p, nil
}

// Run runs cmd to its end, or kills it when ctx ends. What it prints is told by the error alone: its last lines.
func Run(ctx context.Context, cmd *exec.Cmd) error {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	p, err := Start(cmd)
	if err != nil {
		return err
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		p.Kill()
		return fmt.Errorf("%s: %w", p.name, context.Cause(ctx))
	}
	if err := p.Err(); err != nil {
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		return fmt.Errorf("%s: %w\n%s", p.name, err, strings.Join(lines[max(0, len(lines)-20):], "\n"))
	}
	return nil
}

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err waits for the program's end and tells how it ended: nil after exit code 0.
func (p *Process) Err() error {
	<-p.done
	return p.err
}

// Stop asks the program to end by SIGTERM, and kills it and its process group if it has not after grace. The error says
// that it had to be killed; how the program itself ended is told by Err.
func (p *Process) Stop(grace time.Duration) error {
	p.signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return nil
	case <-time.After(grace):
		p.Kill()
		return fmt.Errorf("%s did not end within %s of SIGTERM and was killed", p.name, grace)
	}
}

// Kill ends the program and its process group by SIGKILL and waits for the end.
func (p *Process) Kill() {
	p.signal(syscall.SIGKILL)
	<-p.done
}

// Pause makes the program and its process group stand still, as a machine that is overloaded would, until Resume.
func (p *Process) Pause() { p.signal(syscall.SIGSTOP) }

// Resume lets a program go on that stands still.
func (p *Process) Resume() { p.signal(syscall.SIGCONT) }

// signal reaches the whole group. A program that has ended is left alone: its number may be another's by now.
func (p *Process) signal(s syscall.Signal) {
	select {
	case <-p.done:
	default:
		syscall.Kill(-p.PID, s) //nolint:errcheck // fails only when it has just ended
	}
}
