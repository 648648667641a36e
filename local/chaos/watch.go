package chaos

import (
	"context"
	"maps"
	"sync"
	"time"
)

// watch looks at what waits, several times a second, and tells how long it takes
// after each fault until everything that waited then is looked at.
type watch struct {
	unfinished func(context.Context) (map[work]bool, error)

	mu         sync.Mutex
	waiting    int
	recoveries []*recovery
}

// recovery is the time after one fault.
type recovery struct {
	fault fault
	since time.Time
	now   time.Time     // when it was told
	left  map[work]bool // what waited when it began and still does; nil before the first look
	took  time.Duration // once over
	over  chan struct{}
}

// recovered is how a recovery went.
type recovered struct {
	fault fault
	since time.Time
	took  time.Duration // 0: it is not over
}

const watchPause = 200 * time.Millisecond

// run looks until ctx ends.
func (w *watch) run(ctx context.Context) {
	for {
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		began := time.Now()
		if waiting, err := w.unfinished(attempt); err == nil { // else the database is the part that fails
			w.saw(waiting, began)
		}
		cancel()
		select {
		case <-ctx.Done():
			return
		case <-time.After(watchPause):
		}
	}
}

func (w *watch) saw(waiting map[work]bool, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = len(waiting)
	for _, r := range w.recoveries {
		if r.now.After(at) || r.took > 0 {
			continue
		}
		if r.left == nil {
			r.left = maps.Clone(waiting)
		}
		maps.DeleteFunc(r.left, func(k work, _ bool) bool { return !waiting[k] })
		if len(r.left) == 0 {
			r.took = max(at.Sub(r.since), time.Millisecond)
			close(r.over)
		}
	}
}

// returned says that the part which failed is back since then. What waits now is to be
// looked at.
func (w *watch) returned(f fault, since time.Time) *recovery {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := &recovery{fault: f, since: since, now: time.Now(), over: make(chan struct{})}
	w.recoveries = append(w.recoveries, r)
	return r
}

// now tells how many pictures wait.
func (w *watch) now() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.waiting
}

// recovered tells how all recoveries went, in their order.
func (w *watch) recovered() (all []recovered) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.recoveries {
		all = append(all, recovered{r.fault, r.since, r.took})
	}
	return all
}

// wait waits for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
