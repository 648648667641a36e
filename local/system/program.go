package system

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"lineup.dev/lineup/local/child"
	"lineup.dev/lineup/pkg/serve"
)

const (
	// grace is the programs' GRACE: what they have not finished then, they give back, and it is finished after the next start.
	grace = 5 * time.Second
	// killAfter is when a program that has not ended is killed: once all that pkg/serve waits for is over, with time to exit.
	killAfter = grace + serve.ShutdownMargin + 2*time.Second
)

// Program is one of the system's programs. Once started it is started again whenever it ends, until it is stopped. Start
// and Stop are called one after the other.
type Program struct {
	Name  string
	Log   string // file
	start func(context.Context) (*child.Process, error)
	say   func(format string, args ...any)
	log   io.Closer

	mu      sync.Mutex
	process *child.Process // nil while it does not run
	ends    int            // how often it ended by itself since Start
	err     error          // how it ended last
	stop    context.CancelFunc
	stopped chan struct{}
}

// Program gives one of the programs by its name, nil if this system does not run it.
func (s *System) Program(name string) *Program {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.programs {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// restart is how long to wait before a program that has ended is started again, when it last ran for that long and the
// pause before was that long: 250 ms, doubled each time up to 30 s, and 250 ms again once it ran for a minute.
func restart(ran, pause time.Duration) time.Duration {
	if ran >= time.Minute {
		pause = 0
	}
	return min(max(2*pause, 250*time.Millisecond), 30*time.Second)
}

// Start starts a program that is stopped, and keeps it running.
//
//nolint:contextcheck // it runs until Stop
func (p *Program) Start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop != nil {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	p.stop, p.stopped, p.ends = stop, make(chan struct{}), 0
	go p.keep(ctx, p.stopped)
}

// Stop ends the program for as long as it is not started again. To stop a stopped one does nothing.
func (p *Program) Stop() {
	p.mu.Lock()
	stop, stopped := p.stop, p.stopped
	p.stop = nil
	p.mu.Unlock()
	if stop != nil {
		stop()
		<-stopped
	}
}

// close stops the program for good.
func (p *Program) close() {
	p.Stop()
	p.log.Close()
}

// Kill ends the program's process by SIGKILL, as a crash would. It is started again.
func (p *Program) Kill() {
	if process := p.running(); process != nil {
		process.Kill()
	}
}

// Pause makes the program's process stand still until Resume.
func (p *Program) Pause() {
	if process := p.running(); process != nil {
		process.Pause()
	}
}

// Resume lets the program's process go on.
func (p *Program) Resume() {
	if process := p.running(); process != nil {
		process.Resume()
	}
}

// PID is the number of the program's process; 0 while it does not run.
func (p *Program) PID() int {
	if process := p.running(); process != nil {
		return process.PID
	}
	return 0
}

func (p *Program) running() *child.Process {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.process
}

func (p *Program) set(process *child.Process, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.process = process
	if process == nil {
		p.ends++
		p.err = err
	}
}

// failing gives the program's last error once it has ended by itself three times.
func (p *Program) failing() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ends < 3 {
		return nil
	}
	return fmt.Errorf("%s does not stay up: %w", p.Name, p.err)
}

// keep starts the program again and again until ctx ends.
func (p *Program) keep(ctx context.Context, stopped chan<- struct{}) {
	defer close(stopped)
	var pause time.Duration
	for {
		began := time.Now()
		process, err := p.start(ctx)
		if err == nil {
			p.set(process, nil)
			select {
			case <-process.Done():
				err = process.Err()
			case <-ctx.Done():
				if err := process.Stop(killAfter); err != nil {
					p.say("%v", err)
				}
			}
		}
		p.set(nil, err)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("exit status 0")
		}
		pause = restart(time.Since(began), pause)
		p.say("%s ended (%v): starting it again in %v", p.Name, err, pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}
