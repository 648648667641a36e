package main

import (
	"sync"
	"time"

	"lineup.dev/lineup/pkg/event"
)

// inFlight admits messages: as many at once as nsqd may send, none while the sink
// has asked for a pause, and none any more when the bridge ends. How many that are it learns
// from the sink's answers.
type inFlight struct {
	allow  func(int) // tells nsqd how many it may send
	resume *time.Timer

	mu     sync.Mutex
	pace   *pace
	now    int       // admitted, and not done
	until  time.Time // of the pause; in the past when there is none
	closed bool
	count  sync.WaitGroup // of those admitted that are not done
}

func newInFlight(p *pace, allow func(int)) *inFlight {
	f := &inFlight{pace: p, allow: allow}
	f.resume = time.AfterFunc(time.Hour, f.resumed)
	f.resume.Stop()
	return f
}

// admit counts a message as in flight, until done; or says how long it has to wait.
func (f *inFlight) admit() (wait time.Duration, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0, false
	}
	if wait := time.Until(f.until); wait > 0 {
		return wait, false
	}
	f.count.Add(1)
	f.now++
	return 0, true
}

// learn takes the sink's answer to one that is admitted, and how long that took.
func (f *inFlight) learn(a event.Answer, took time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pace.learn(a, took, f.now) && f.open() {
		f.allow(f.pace.allowed)
	}
}

// open tells whether messages are admitted. Its caller holds mu.
func (f *inFlight) open() bool { return !f.closed && time.Until(f.until) <= 0 }

// admitted is how many are, and are not done.
func (f *inFlight) admitted() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *inFlight) done() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now--
	f.count.Done()
}

// pause admits nothing for d, or longer if that was asked for before, and returns
// how long that is. When it returns nsqd has been told, so that what is given back
// to it does not return at once.
func (f *inFlight) pause(d time.Duration) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if until := time.Now().Add(d); until.After(f.until) && !f.closed {
		f.until = until
		f.allow(0)
		f.resume.Reset(d)
	}
	return max(0, time.Until(f.until))
}

// share divides what may be in flight among all nsqds anew, as go-nsq does only when the
// number changes.
func (f *inFlight) share() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open() {
		f.allow(f.pace.allowed - 1)
		f.allow(f.pace.allowed)
	}
}

// close admits nothing any more and waits for what is in flight. After it nsqd is
// told nothing more.
func (f *inFlight) close() {
	f.mu.Lock()
	f.closed = true
	f.resume.Stop()
	f.allow(0)
	f.mu.Unlock()
	f.count.Wait()
}

// resumed is called when the time of a pause is over, which may have been made
// longer just then.
func (f *inFlight) resumed() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open() {
		f.allow(f.pace.allowed)
	}
}
