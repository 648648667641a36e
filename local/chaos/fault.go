package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"lineup.dev/lineup/local/system"
)

// fault is one that can be injected.
type fault struct {
	kind string // a row of the table
	what string // the very part
	// breaksCalls tells that calls of the face server may break after they were sent,
	// each of which counts as an attempt at its picture; losesMessages, that nsqd may
	// lose what it has only in memory.
	breaksCalls, losesMessages bool
	// inject lets it happen for d, and returns when the part is back.
	inject func(ctx context.Context, d time.Duration) error
	least  time.Duration // of d
}

// injected is a fault that happened.
type injected struct {
	fault
	from, to time.Time
}

// target is what faults happen to.
type target struct {
	system  *system.System
	proxies []*proxy
	sink    *sink
	lease   time.Duration
	ready   func(ctx context.Context, program string) error
}

// programs are those that get killed, paused and restarted.
var programs = []string{system.Receive, system.Bridge, system.Process, system.ProcessTwo, system.FaceServer, system.NSQD, system.MariaDB}

// returnTime is the longest that a part may take to be ready again.
const returnTime = time.Minute

// faults gives every fault there is.
func (t target) faults() (all []fault) {
	for _, name := range programs {
		p, kind := t.system.Program(name), name
		if name == system.ProcessTwo {
			kind = system.Process
		}
		breaks := name == system.FaceServer
		all = append(all,
			fault{kind: "kill " + kind, what: name, breaksCalls: breaks, losesMessages: name == system.NSQD,
				inject: func(ctx context.Context, _ time.Duration) error {
					p.Kill()
					return t.awaitReady(ctx, name)
				}},
			fault{kind: "pause " + kind, what: name, breaksCalls: breaks || kind == system.Process, inject: func(ctx context.Context, d time.Duration) error {
				return t.pause(ctx, p, name, d)
			}},
			fault{kind: "restart " + kind, what: name, breaksCalls: breaks, inject: func(ctx context.Context, d time.Duration) error {
				p.Stop()
				wait(ctx, d/2)
				p.Start()
				return t.awaitReady(ctx, name)
			}})
	}
	all = append(all,
		fault{kind: "pause process past its lease", what: system.Process, least: t.lease, breaksCalls: true, inject: func(ctx context.Context, d time.Duration) error {
			return t.pause(ctx, t.system.Program(system.Process), system.Process, d)
		}},
		fault{kind: "kill everything", what: "all at once", breaksCalls: true, losesMessages: true, inject: t.killEverything},
		fault{kind: "sink down", what: "the result sink", inject: t.sinkIs(down)},
		fault{kind: "sink forgets answers", what: "the result sink", inject: t.sinkIs(forgets)})
	for _, p := range t.proxies {
		breaks := p.tap != nil
		all = append(all,
			fault{kind: "cut connections", what: p.name, breaksCalls: breaks, inject: func(context.Context, time.Duration) error {
				p.cut()
				return nil
			}},
			fault{kind: "refuse connections", what: p.name, breaksCalls: breaks, inject: func(ctx context.Context, d time.Duration) error {
				p.refuse(true)
				defer p.refuse(false)
				wait(ctx, d)
				return nil
			}},
			fault{kind: "delay bytes", what: p.name, breaksCalls: breaks, inject: func(ctx context.Context, d time.Duration) error {
				p.slow(d / 20) // 50 to 250 ms each
				defer p.slow(0)
				wait(ctx, d)
				return nil
			}})
	}
	return all
}

func (t target) pause(ctx context.Context, p *system.Program, name string, d time.Duration) error {
	p.Pause()
	wait(ctx, d)
	p.Resume()
	return t.awaitReady(ctx, name)
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

func (t target) sinkIs(mood sinkMood) func(context.Context, time.Duration) error {
	return func(ctx context.Context, d time.Duration) error {
		t.sink.set(mood)
		defer t.sink.set(accepts)
		wait(ctx, d)
		return nil
	}
}

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

// only gives the faults of these kinds, all when none is named.
func only(all []fault, kinds []string) (some []fault, err error) {
	if len(kinds) == 0 {
		return all, nil
	}
	for _, kind := range kinds {
		before := len(some)
		for _, f := range all {
			if f.kind == strings.TrimSpace(kind) {
				some = append(some, f)
			}
		}
		if len(some) == before {
			return nil, fmt.Errorf("CHAOS_FAULTS: no fault is called %q; a run without it names them", kind)
		}
	}
	return some, nil
}

// deck deals faults by chance so that every kind comes before one comes again.
type deck struct {
	rng   *rand.Rand
	kinds []string
	of    map[string][]fault
	left  []string
}

func newDeck(all []fault, rng *rand.Rand) *deck {
	d := &deck{rng: rng, of: make(map[string][]fault)}
	for _, f := range all {
		if d.of[f.kind] == nil {
			d.kinds = append(d.kinds, f.kind)
		}
		d.of[f.kind] = append(d.of[f.kind], f)
	}
	return d
}

// next deals a fault and how long it is to last: 1 to 5 s more than its least.
func (d *deck) next() (fault, time.Duration) {
	if len(d.left) == 0 {
		d.left = append(d.left, d.kinds...)
		d.rng.Shuffle(len(d.left), func(i, j int) { d.left[i], d.left[j] = d.left[j], d.left[i] })
	}
	kind := d.left[0]
	d.left = d.left[1:]
	f := d.of[kind][d.rng.IntN(len(d.of[kind]))]
	return f, f.least + time.Second + time.Duration(d.rng.Int64N(int64(4*time.Second)))
}

// wait waits for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
