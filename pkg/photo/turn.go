package photo

import "context"

// turn is that of one picture.
type turn struct {
	gate  *Gate
	root  *guarded      // that is asked first; nil for none
	asks  *guarded      // that is waited for; nil for none
	ready chan struct{} // closed when it is inside
}

// turnKey is the key of a turn in its context.
type turnKey struct{}

// turnOf is nil for who came through no gate.
func turnOf(ctx context.Context) *turn {
	t, _ := ctx.Value(turnKey{}).(*turn)
	return t
}

// ask notes which root is waited for from now on; nil is none. Of those that come upon a
// later root which gives nothing no more wait for it than its part: the error then wraps
// ErrUnreachable.
func (t *turn) ask(root *guarded) error {
	if t == nil {
		return nil
	}
	g := t.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	t.asks = nil
	if root != nil && root != t.root && root.isQuiet() {
		others := 0
		for one := range g.inside {
			if one.asks == root {
				others++
			}
		}
		if others >= g.part {
			return root.unanswered(firstPause, "%d pictures wait for it", others)
		}
	}
	t.asks = root
	return nil
}
