package main

import (
	"context"
	"sync"
	"time"

	"lineup.dev/lineup/pkg/store"
)

// GroupSettings say how pictures that come at once share a transaction. One that is alone
// waits for nobody.
type GroupSettings struct {
	Most int `envconfig:"GROUP_MAX" default:"64" min:"1" max:"1000" desc:"most pictures that are claimed in one transaction, or whose results are written in one, when they come at once; 1: none share one"`
}

// together claims pictures that come at once in common, and writes their results so.
type together struct {
	rows    *store.Store
	claims  groups[*store.Claiming]
	results groups[*store.Finished]
}

// usualGroup is more than a group takes that waits for nobody.
const usualGroup = 20 * time.Millisecond

func newTogether(s GroupSettings, rows *store.Store) *together {
	return &together{
		rows:    rows,
		claims:  groups[*store.Claiming]{most: s.Most, usual: usualGroup, do: rows.ClaimTogether},
		results: groups[*store.Finished]{most: s.Most, usual: usualGroup, do: rows.FinishTogether},
	}
}

// claim is the store's ClaimPath.
func (t *together) claim(ctx context.Context, id int64, path string, lease time.Duration) (store.Claim, error) {
	c := &store.Claiming{ID: id, Path: path, Lease: lease}
	t.claims.join(ctx, c)
	if c.Alone {
		return t.rows.Claim(ctx, id, lease)
	}
	return c.Claim, c.Err
}

// finish is the store's Finish.
func (t *together) finish(ctx context.Context, f *store.Finished) error {
	t.results.join(ctx, f)
	if f.Alone {
		f.Status, f.Err = t.rows.Finish(ctx, f.Claim, f.Result, f.Announced)
	}
	return f.Err
}

// wait returns when nothing is under way any more. What comes later is done by who asks for it.
func (t *together) wait() {
	t.claims.wait()
	t.results.wait()
}

// groups do what comes at once together, one group after the other: what comes while one is
// under way is the next. One that takes longer than usual, as it waits for a row that another
// holds, holds up no other.
type groups[T any] struct {
	most  int
	usual time.Duration // after which a group is no longer waited for
	do    func(context.Context, []T)

	mu      sync.Mutex
	waiting []*member[T]
	running bool
	ended   bool // nobody waits for the groups of those that come now
	working sync.WaitGroup
}

// member is one of a group.
type member[T any] struct {
	ctx  context.Context //nolint:containedctx // of who waits for it
	one  T
	done chan struct{}
}

// join returns when it is done, which takes no longer than ctx has of whoever came first to
// the group.
func (g *groups[T]) join(ctx context.Context, one T) {
	m := &member[T]{ctx, one, make(chan struct{})}
	if !g.enter(m) {
		g.do(ctx, []T{one})
		return
	}
	<-m.done
}

// enter puts one among those that wait, unless there are to be no groups.
func (g *groups[T]) enter(m *member[T]) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.most == 1 || g.ended {
		return false
	}
	g.waiting = append(g.waiting, m)
	if !g.running {
		g.running = true
		g.working.Go(g.run)
	}
	return true
}

// wait returns when no group is under way any more.
func (g *groups[T]) wait() {
	g.mu.Lock()
	g.ended = true
	g.mu.Unlock()
	g.working.Wait()
}

func (g *groups[T]) run() {
	for {
		group := g.next()
		if len(group) == 0 {
			return
		}
		done := make(chan struct{})
		g.working.Go(func() {
			defer close(done)
			g.together(group)
		})
		select {
		case <-done:
		case <-time.After(g.usual):
		}
	}
}

func (g *groups[T]) next() []*member[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	count := min(g.most, len(g.waiting))
	group := g.waiting[:count:count]
	g.waiting, g.running = g.waiting[count:], count > 0
	return group
}

func (g *groups[T]) together(group []*member[T]) {
	all := make([]T, len(group))
	for i, m := range group {
		all[i] = m.one
	}
	g.do(group[0].ctx, all)
	for _, m := range group {
		close(m.done)
	}
}
