package main

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/store"
)

// GroupSettings say how requests that come at once share a transaction. A request that is
// alone waits for nobody.
type GroupSettings struct {
	Most   int           `envconfig:"GROUP_MAX" default:"250" min:"1" max:"1000" desc:"most pictures whose rows are written in one transaction for requests that come at once; a request of more has its own; 1: none is shared"`
	Window time.Duration `envconfig:"GROUP_WINDOW" default:"2ms" min:"0" max:"1s" desc:"how long such a transaction waits at most for half of the requests that are under way; 0: it takes those that came while that was under way"`
}

// together submits the pictures of requests that come at once in common transactions, one
// at a time: those that come while one is under way are the next. Their hints are published
// together, too, while the next transaction is under way.
type together struct {
	settings  GroupSettings
	time      time.Duration // for one group
	saving    time.Duration // of it for the rows
	rows      *store.Store
	publisher publisher
	log       *slog.Logger

	mu       sync.Mutex
	waiting  []*joint
	pictures int           // of those that wait
	inside   int           // requests that are not answered yet
	running  bool          // somebody writes their groups
	ended    bool          // nobody waits for the groups of those that come now
	expected int           // requests for which the next group waits
	enough   chan struct{} // takes one element when so many wait
	working  sync.WaitGroup
}

// joint is one request's part of a group.
type joint struct {
	*store.Call
	ctx    context.Context //nolint:containedctx // of the request: a group's work is in the trace of its first
	traces []event.Trace   // of each picture
	done   chan struct{}   // closed when all is done for it
}

// newTogether makes one whose groups take most at most, of which the rows may take saving.
func newTogether(s GroupSettings, most, saving time.Duration, rows *store.Store, p publisher, log *slog.Logger) *together {
	return &together{settings: s, time: most, saving: saving, rows: rows, publisher: p, log: log, enough: make(chan struct{}, 1)}
}

// submit gives each picture its row, as store.Submit does. Hint says that the hints of new
// pictures are to be published; tried, whether that was done or failed: their submissions
// tell which.
func (t *together) submit(ctx context.Context, pictures []store.Posted, traces []event.Trace, hint bool) (submissions []store.Submission, tried bool, err error) {
	mine := &joint{Call: &store.Call{Pictures: pictures, Hinted: hint}, ctx: ctx, traces: traces, done: make(chan struct{})}
	switch t.join(mine) {
	case apart:
		submissions, err = t.rows.Submit(ctx, pictures)
		return submissions, false, err
	case leading:
		t.lead(ctx, mine)
	}
	select {
	case <-mine.done:
	case <-ctx.Done():
		if t.withdraw(mine) {
			return nil, false, ctx.Err()
		}
		<-mine.done // what was begun for it has its own end, and may well succeed
	}
	if mine.Alone {
		submissions, err = t.rows.Submit(ctx, pictures)
		return submissions, false, err
	}
	return mine.Submissions, hint, mine.Err
}

// withdraw takes a request back that no group has begun with.
func (t *together) withdraw(j *joint) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := slices.Index(t.waiting, j)
	if at < 0 {
		return false
	}
	t.waiting = slices.Delete(t.waiting, at, at+1)
	t.pictures, t.inside = t.pictures-len(j.Pictures), t.inside-1
	return true
}

// wait returns when nothing is under way any more. Requests that come later share nothing.
func (t *together) wait() {
	t.mu.Lock()
	t.ended = true
	t.mu.Unlock()
	t.working.Wait()
}

// part is what a request has in a group.
type part int

const (
	waiting part = iota // others write it
	leading             // it writes the group of which it is the only one
	apart               // it has no part in any
)

// join puts a request among those that wait, unless it is alone.
func (t *together) join(j *joint) part {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended || t.settings.Most == 1 || len(j.Pictures) > t.settings.Most {
		return apart
	}
	t.inside++
	if t.inside == 1 && !t.running {
		t.running = true
		t.working.Add(1)
		return leading
	}
	t.waiting, t.pictures = append(t.waiting, j), t.pictures+len(j.Pictures)
	switch {
	case !t.running:
		t.running = true
		t.working.Go(t.run)
	case t.complete():
		select {
		case t.enough <- struct{}{}:
		default:
		}
	}
	return waiting
}

// lead writes the group of a request that is alone, where it is: to wake another to do it would
// take as long as a good part of it. Those that come meanwhile are the next group.
func (t *together) lead(ctx context.Context, mine *joint) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.time)
	defer cancel()
	defer t.working.Done()
	defer t.leave([]*joint{mine})
	func() {
		defer t.handOver() // whatever happens
		t.save(ctx, []*store.Call{mine.Call})
	}()
	t.publish(ctx, []*joint{mine})
}

// handOver has those written that came meanwhile.
func (t *together) handOver() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expected = (t.inside + 1) / 2
	if t.running = len(t.waiting) > 0; t.running {
		t.working.Go(t.run)
	}
}

// complete tells whether nobody else is waited for. Its caller holds mu.
func (t *together) complete() bool {
	return len(t.waiting) >= t.expected || t.pictures >= t.settings.Most
}

// leave lets go of requests for which all is done.
func (t *together) leave(group []*joint) {
	t.mu.Lock()
	t.inside -= len(group)
	t.mu.Unlock()
	for _, j := range group {
		close(j.done)
	}
}

// run writes groups until nobody waits. Half as many requests as there are now are expected
// for the next: whoever gets an answer may send another, and while the rows of the one half
// are written, the other half are read and answered.
func (t *together) run() {
	for {
		group := t.next()
		if len(group) == 0 {
			return
		}
		t.write(group)
	}
}

// next waits for a group as long as the window allows; it is empty when nobody waits.
func (t *together) next() []*joint {
	t.mu.Lock()
	if t.expected > 0 && len(t.waiting) > 0 && !t.complete() {
		select {
		case <-t.enough: // of a group before
		default:
		}
		t.mu.Unlock()
		select {
		case <-t.enough:
		case <-time.After(t.settings.Window):
		}
		t.mu.Lock()
	}
	defer t.mu.Unlock()
	var group []*joint
	taken := 0
	for _, j := range t.waiting {
		if taken += len(j.Pictures); taken > t.settings.Most {
			break
		}
		group = append(group, j)
	}
	for _, j := range group {
		t.pictures -= len(j.Pictures)
	}
	t.waiting = slices.Delete(t.waiting, 0, len(group))
	t.expected, t.running = (t.inside+1)/2, len(group) > 0
	return group
}

// write gives the group its rows, and has its hints published. It ends with none of the
// requests.
func (t *together) write(group []*joint) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(group[0].ctx), t.time)
	calls := make([]*store.Call, len(group))
	for i, j := range group {
		calls[i] = j.Call
	}
	t.save(ctx, calls)
	t.working.Go(func() {
		defer cancel()
		t.publish(ctx, group)
		t.leave(group)
	})
}

// save gives the calls their rows.
func (t *together) save(ctx context.Context, calls []*store.Call) {
	ctx, cancel := context.WithTimeout(ctx, t.saving)
	defer cancel()
	t.rows.SubmitTogether(ctx, calls)
}

// publish puts the hints of the group's new pictures on the queue. Where that fails, the
// rows say so.
func (t *together) publish(ctx context.Context, group []*joint) {
	var waiting []store.Ref
	traces := map[int64]event.Trace{}
	for _, j := range group {
		if !j.Hinted {
			continue
		}
		for i, s := range j.Submissions {
			if _, twice := traces[s.ID]; !s.Known && !twice {
				waiting, traces[s.ID] = append(waiting, s.Ref), j.traces[i]
			}
		}
	}
	if len(waiting) == 0 {
		return
	}
	if err := t.publisher.publish(ctx, waiting, traces); err != nil {
		t.log.Warn("hints not published, the next sweep will", "hints", len(waiting), "error", err)
		t.publisher.unstamp(ctx, waiting, t.log)
		return
	}
	for _, j := range group {
		for i := range j.Submissions {
			s := &j.Submissions[i]
			s.Queued = s.Queued || j.Hinted && !s.Known
		}
	}
}
