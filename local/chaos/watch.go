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
	fault string // its kind
	since time.Time
	left  map[work]bool // what waited when it began and still does; nil before the first look
	took  time.Duration // once over
	over  chan struct{}
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
		if r.since.After(at) || r.took > 0 {
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

// returned says that the part which failed is back.
func (w *watch) returned(fault string) *recovery {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := &recovery{fault: fault, since: time.Now(), over: make(chan struct{})}
	w.recoveries = append(w.recoveries, r)
	return r
}

// now tells how many pictures wait.
func (w *watch) now() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.waiting
}

// times gives how long it took after the faults of each kind, those left out that are not over.
func (w *watch) times() map[string][]time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	times := make(map[string][]time.Duration)
	for _, r := range w.recoveries {
		if r.took > 0 {
			times[r.fault] = append(times[r.fault], r.took)
		}
	}
	return times
}
