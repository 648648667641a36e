package photo

import (
	"context"
	"time"
)

// Gate lets so many pictures be read and held at a time. Where there are several roots,
// the pictures of one never take all places: one that hangs does not hold up the others.
type Gate struct {
	roots  *Roots
	places chan struct{}
	of     map[*guarded]chan struct{} // a root's part of them
}

// Gate makes a gate of so many places.
func (r *Roots) Gate(places int) *Gate {
	g := &Gate{roots: r, places: make(chan struct{}, places), of: map[*guarded]chan struct{}{}}
	if len(r.roots) == 1 {
		return g
	}
	for _, one := range r.roots {
		g.of[one] = make(chan struct{}, max(1, places-max(1, places/4)))
	}
	return g
}

// Enter waits for a place for the picture at this path, or for one of no root if the path is
// empty. Call leave when it is no longer in memory. The error is ctx's, or wraps
// ErrUnreachable when the root that would be asked pauses, or falls silent meanwhile.
func (g *Gate) Enter(ctx context.Context, path string) (leave func(), err error) {
	asked, err := g.roots.asked(path)
	if err != nil {
		return nil, err
	}
	part := g.of[asked]
	if part == nil {
		part = make(chan struct{}, 1)
	}
	if err := takePlace(ctx, part, asked); err != nil {
		return nil, err
	}
	if err := takePlace(ctx, g.places, asked); err != nil {
		<-part
		return nil, err
	}
	return func() { <-g.places; <-part }, nil
}

// Taken is how many places are.
func (g *Gate) Taken() int { return len(g.places) }

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

// takePlace takes a place of them, unless the root pauses or is silent meanwhile.
func takePlace(ctx context.Context, places chan struct{}, asked *guarded) error {
	select {
	case places <- struct{}{}:
		return nil
	default:
	}
	tick := time.NewTicker(silence / 8)
	defer tick.Stop()
	for {
		select {
		case places <- struct{}{}:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			if asked == nil {
				continue
			}
			if err := asked.checkTurn(); err != nil {
				return err
			}
		}
	}
}
