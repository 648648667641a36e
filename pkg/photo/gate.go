package photo

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Gate lets so many pictures be read and held at a time. Where there are several roots,
// the pictures of one never take all places, and a place whose picture waits for a root that
// gives nothing is lent to another root's: roots that hang do not hold up the others. What
// was lent is more in memory when such a root answers after all.
type Gate struct {
	roots  *Roots
	places int
	part   int // of the places, for one root

	mu      sync.Mutex
	inside  map[*turn]struct{}
	waiting []*turn // first come, first served
}

// Gate makes a gate of so many places.
func (r *Roots) Gate(places int) *Gate {
	g := &Gate{roots: r, places: places, part: places, inside: map[*turn]struct{}{}}
	if len(r.roots) > 1 {
		g.part = max(1, places-max(1, places/4))
	}
	return g
}

// Enter waits for a place for the picture at this path, or for one of no root if the path is
// empty. Read the picture with the context that it gives, and call leave when it is no longer
// in memory. The error is ctx's, or wraps ErrUnreachable when the root that would be asked
// pauses, or falls silent meanwhile.
func (g *Gate) Enter(ctx context.Context, path string) (inside context.Context, leave func(), err error) {
	asked, err := g.roots.asked(path)
	if err != nil {
		return nil, nil, err
	}
	t := &turn{gate: g, root: asked, ready: make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, t)
	g.admit()
	g.mu.Unlock()
	if err := t.wait(ctx); err != nil {
		t.leave()
		return nil, nil, err
	}
	return context.WithValue(ctx, turnKey{}, t), t.leave, nil
}

// Taken is how many places are, also those that are lent.
func (g *Gate) Taken() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.inside)
}

// asked is the root that is asked first for the path; nil for none.
func (r *Roots) asked(path string) (*guarded, error) {
	clean, err := Clean(path)
	if err != nil {
		return nil, nil // who reads it is told
	}
	places := r.below(clean)
	if len(places) == 0 {
		return nil, nil
	}
	first := places[0].root
	return first, first.check()
}

// wait waits for a place, unless the root pauses or is silent meanwhile.
func (t *turn) wait(ctx context.Context) error {
	select {
	case <-t.ready:
		return nil
	default:
	}
	tick := time.NewTicker(quiet / 5)
	defer tick.Stop()
	for {
		select {
		case <-t.ready:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			if t.root != nil {
				if err := t.root.checkTurn(); err != nil {
					return err
				}
			}
			t.gate.mu.Lock()
			t.gate.admit() // a root may have become quiet
			t.gate.mu.Unlock()
		}
	}
}

func (t *turn) leave() {
	g := t.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.inside, t)
	g.waiting = slices.DeleteFunc(g.waiting, func(one *turn) bool { return one == t })
	g.admit()
}

// admit lets in whoever there is a place for.
func (g *Gate) admit() {
	taken, of := 0, map[*guarded]int{}
	for t := range g.inside {
		lent := t.asks != nil && t.asks.isQuiet()
		if !lent {
			taken++
		}
		if !lent || t.asks == t.root {
			of[t.root]++
		}
	}
	g.waiting = slices.DeleteFunc(g.waiting, func(t *turn) bool {
		if taken >= g.places || t.root != nil && of[t.root] >= g.part {
			return false
		}
		taken++
		of[t.root]++
		g.inside[t] = struct{}{}
		close(t.ready)
		return true
	})
}
