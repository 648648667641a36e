package main

import (
	"context"
	"sync"
	"time"
)

// flow lets messages in: all that are allowed at once, none while the sink has
// asked for a pause, and none any more when the bridge ends. It owns the timer
// that ends a pause.
type flow struct {
	limit  int       // messages at once
	allow  func(int) // tells nsqd how many it may send
	resume *time.Timer

	mu     sync.Mutex
	until  time.Time // of the pause; in the past when there is none
	closed bool
	inside sync.WaitGroup
}

func newFlow(limit int, allow func(int)) *flow {
	resume := time.NewTimer(time.Hour)
	resume.Stop()
	return &flow{limit: limit, allow: allow, resume: resume}
}

// enter lets one message in, until leave; or says how long it has to stay out.
func (f *flow) enter() (wait time.Duration, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0, false
	}
	if wait := time.Until(f.until); wait > 0 {
		return wait, false
	}
	f.inside.Add(1)
	return 0, true
}

func (f *flow) leave() { f.inside.Done() }

// pause lets nothing in for d, or longer if that was asked for before, and returns
// how long that is. When it returns nsqd has been told, so that what is given back
// to it does not return at once.
func (f *flow) pause(d time.Duration) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if until := time.Now().Add(d); until.After(f.until) && !f.closed {
		f.until = until
		f.allow(0)
		f.resume.Reset(d)
	}
	return max(0, time.Until(f.until))
}

// run ends every pause when its time is over, until ctx ends.
func (f *flow) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.resume.C:
			f.goOn()
		}
	}
}

func (f *flow) goOn() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if wait := time.Until(f.until); wait > 0 {
		f.resume.Reset(wait) // made longer meanwhile
	} else if !f.closed {
		f.allow(f.limit)
	}
}

// close lets nothing in any more and waits for those inside.
func (f *flow) close() {
	f.mu.Lock()
	f.closed = true
	f.resume.Stop()
	f.allow(0)
	f.mu.Unlock()
	f.inside.Wait()
}
