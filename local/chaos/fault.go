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
	hop  bool   // what is one: from→to
	effect
	// inject lets it happen for d, and returns when the part is back.
	inject func(ctx context.Context, d time.Duration) error
	least  time.Duration // of d
	// everywhere: it comes to every part in a round of the schedule, not to one of them.
	everywhere bool
	// served: the part is there for whoever comes anew, so that recovering begins with the fault.
	served bool
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
		fault{kind: "pause process past its lease", what: system.Process, effect: effect{breaksCalls: true}, least: t.lease, inject: func(ctx context.Context, d time.Duration) error {
			return t.pause(ctx, t.system.Program(system.Process), system.Process, d)
		}},
		fault{kind: "kill everything", what: "all at once", effect: effect{breaksCalls: true, losesMessages: true}, inject: t.killEverything},
		fault{kind: "sink down", what: "the result sink", inject: t.sinkAnswers(unavailable)},
		fault{kind: "sink forgets answers", what: "the result sink", inject: t.sinkAnswers(failsAfterwards)},
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
		{kind: "kill " + kind, what: name, effect: effect{face, name == system.NSQD}, inject: func(ctx context.Context, _ time.Duration) error {
			p.Kill()
			return t.awaitReady(ctx, name)
		}},
		{kind: "pause " + kind, what: name, effect: effect{breaksCalls: face || kind == system.Process}, inject: func(ctx context.Context, d time.Duration) error {
			return t.pause(ctx, p, name, d)
		}},
		{kind: "restart " + kind, what: name, effect: effect{breaksCalls: face}, inject: func(ctx context.Context, d time.Duration) error {
			p.Stop()
			wait(ctx, d/2)
			p.Start()
			return t.awaitReady(ctx, name)
		}},
	}
}

// faultsBetween gives those of the connections between two programs.
func faultsBetween(p *proxy) []fault {
	// during injects what begins at yes and ends at no.
	during := func(set func(yes bool)) func(context.Context, time.Duration) error {
		return func(ctx context.Context, d time.Duration) error {
			set(true)
			defer set(false)
			wait(ctx, d)
			return nil
		}
	}
	all := []fault{
		{kind: "cut connections", inject: func(context.Context, time.Duration) error {
			p.cut()
			return nil
		}},
		{kind: "refuse connections", inject: during(p.refuse)},
		{kind: "delay bytes", inject: func(ctx context.Context, d time.Duration) error {
			p.slow(d / 20) // 50 to 250 ms each
			defer p.slow(0)
			wait(ctx, d)
			return nil
		}},
		{kind: "black hole of old connections", everywhere: true, served: true, inject: func(ctx context.Context, d time.Duration) error {
			p.swallow()
			wait(ctx, d)
			return nil
		}},
		{kind: "black hole", everywhere: true, inject: during(p.swallowAll)},
	}
	for i := range all {
		all[i].what, all[i].hop, all[i].breaksCalls = p.name, true, p.tap != nil
	}
	return all
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
