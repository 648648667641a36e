package chaos

import (
	"context"
	"fmt"
	"sync"
	"time"

	"lineup.dev/lineup/local/system"
)

// fault is one that can be injected.
type fault struct {
	kind string // a row of the report
	what string // the very part
	effect
	// inject lets it happen for d, and returns when the part is back.
	inject func(ctx context.Context, d time.Duration) error
	least  time.Duration // of d
}

// effect is what a fault may do to pictures and messages that are under way.
type effect struct {
	// breaksCalls: calls of the face server may break after they were sent, each of which counts as an attempt at its
	// picture. losesMessages: nsqd may lose what it has only in memory.
	breaksCalls, losesMessages bool
}

// programs are those that are killed, paused and restarted.
var programs = []string{system.Receive, system.Bridge, system.Process, system.ProcessTwo, system.FaceServer, system.NSQD, system.MariaDB}

// faults gives every fault there is. A new one is one more entry here.
func (t target) faults() (all []fault) {
	for _, name := range programs {
		all = append(all, t.faultsOf(t.system.Program(name), name)...)
	}
	for _, p := range t.proxies {
		all = append(all, faultsBetween(p)...)
	}
	return append(all,
		fault{"pause process past its lease", system.Process, effect{breaksCalls: true}, func(ctx context.Context, d time.Duration) error {
			return t.pause(ctx, t.system.Program(system.Process), system.Process, d)
		}, t.lease},
		fault{"kill everything", "all at once", effect{breaksCalls: true, losesMessages: true}, t.killEverything, 0},
		fault{"sink down", "the result sink", effect{}, t.sinkAnswers(unavailable), 0},
		fault{"sink forgets answers", "the result sink", effect{}, t.sinkAnswers(failsAfterwards), 0},
	)
}

// faultsOf gives those of one program.
func (t target) faultsOf(p *system.Program, name string) []fault {
	kind := name
	if name == system.ProcessTwo {
		kind = system.Process
	}
	face := name == system.FaceServer
	return []fault{
		{"kill " + kind, name, effect{face, name == system.NSQD}, func(ctx context.Context, _ time.Duration) error {
			p.Kill()
			return t.awaitReady(ctx, name)
		}, 0},
		{"pause " + kind, name, effect{breaksCalls: face || kind == system.Process}, func(ctx context.Context, d time.Duration) error {
			return t.pause(ctx, p, name, d)
		}, 0},
		{"restart " + kind, name, effect{breaksCalls: face}, func(ctx context.Context, d time.Duration) error {
			p.Stop()
			wait(ctx, d/2)
			p.Start()
			return t.awaitReady(ctx, name)
		}, 0},
	}
}

// faultsBetween gives those of the connections between two programs.
func faultsBetween(p *proxy) []fault {
	breaks := effect{breaksCalls: p.tap != nil}
	return []fault{
		{"cut connections", p.name, breaks, func(context.Context, time.Duration) error {
			p.cut()
			return nil
		}, 0},
		{"refuse connections", p.name, breaks, func(ctx context.Context, d time.Duration) error {
			p.refuse(true)
			defer p.refuse(false)
			wait(ctx, d)
			return nil
		}, 0},
		{"delay bytes", p.name, breaks, func(ctx context.Context, d time.Duration) error {
			p.slow(d / 20) // 50 to 250 ms each
			defer p.slow(0)
			wait(ctx, d)
			return nil
		}, 0},
		{"black hole of old connections", p.name, breaks, func(context.Context, time.Duration) error {
			p.swallow()
			return nil
		}, 0},
		{"black hole", p.name, breaks, func(ctx context.Context, d time.Duration) error {
			p.swallowAll(true)
			defer p.swallowAll(false)
			wait(ctx, d)
			return nil
		}, 0},
	}
}

// target is what faults happen to.
type target struct {
	system  *system.System
	proxies []*proxy
	sink    *sink
	lease   time.Duration
	ready   func(ctx context.Context, program string) error
}

func (t target) killEverything(ctx context.Context, _ time.Duration) error {
	var kills sync.WaitGroup
	for _, name := range programs {
		kills.Go(t.system.Program(name).Kill)
	}
	kills.Wait()
	for _, name := range programs {
		if err := t.awaitReady(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (t target) sinkAnswers(mode sinkMode) func(context.Context, time.Duration) error {
	return func(ctx context.Context, d time.Duration) error {
		t.sink.set(mode)
		defer t.sink.set(accepts)
		wait(ctx, d)
		return nil
	}
}

func (t target) pause(ctx context.Context, p *system.Program, name string, d time.Duration) error {
	p.Pause()
	wait(ctx, d)
	p.Resume()
	return t.awaitReady(ctx, name)
}

// returnTime is the longest that a part may take to be ready again.
const returnTime = time.Minute

// awaitReady waits until a program is ready again.
func (t target) awaitReady(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, returnTime)
	defer cancel()
	for {
		attempt, cancel := context.WithTimeout(ctx, 2*time.Second)
		err := t.ready(attempt, name)
		cancel()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s was not ready %v after a fault: %w", name, returnTime, err)
		}
		wait(ctx, 50*time.Millisecond)
	}
}

// wait waits for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
