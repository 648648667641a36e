package photo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Whether a pause was long enough finds out one call alone, and when that is broken off the next.
func TestOneCallAsksWhetherAPauseWasLongEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{dir: "/a"}
		r := rootsOf(d)
		d.fail(fmt.Errorf("%w: gone", ErrUnreachable))
		timed(t.Context(), r, "/a/1.jpg")
		d.fail(nil)
		end := d.hang()
		time.Sleep(firstPause)

		probe, giveUp := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			if _, _, err := timed(probe, r, "/a/1.jpg"); !errors.Is(err, context.Canceled) {
				t.Errorf("the call that asks: %v", err)
			}
		})
		synctest.Wait()
		for range 10 {
			if took, _, err := timed(t.Context(), r, "/a/1.jpg"); took != 0 || !errors.Is(err, ErrUnreachable) {
				t.Errorf("beside it another took %v: %v", took, err)
			}
		}
		if calls := d.count(); calls != 2 {
			t.Errorf("%d calls reached the root, want the one that failed and the one that asks", calls)
		}
		giveUp()
		all.Wait()
		all.Go(func() {
			if _, _, err := timed(t.Context(), r, "/a/1.jpg"); err != nil {
				t.Errorf("the next that asks: %v", err)
			}
		})
		synctest.Wait()
		if calls := d.count(); calls != 3 {
			t.Errorf("%d calls reached the root once nobody asked, want another", calls)
		}
		end()
		all.Wait()
	})
}

// A call that was left alone tells by its answer that the root is back, not by a failure.
func TestWhatACallThatWasLeftAloneTells(t *testing.T) {
	for _, c := range []struct {
		failure error
		pauses  bool
	}{
		{nil, false},
		{ErrNotFound, false},
		{fmt.Errorf("%w: gone", ErrUnreachable), true},
		{context.Canceled, true},
	} {
		t.Run(fmt.Sprint(c.failure), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &disk{dir: "/a"}
				d.fail(c.failure)
				r, end := rootsOf(d), d.hang()
				timed(t.Context(), r, "/a/1.jpg")
				end()
				synctest.Wait()
				g := r.roots[0]
				if err := g.check(); (err != nil) != c.pauses {
					t.Errorf("%v, want a pause: %v", err, c.pauses)
				}
				if g.running != 0 || g.waited != 0 {
					t.Errorf("%d calls run and %d are waited for", g.running, g.waited)
				}
			})
		})
	}
}

// A walk that was left alone and goes on tells the same.
func TestAWalkThatWasLeftAloneEndsThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rootsOf(&disk{dir: "/a", walks: func(func(string, error) bool, func(string) bool) { time.Sleep(time.Hour) }})
		g := r.roots[0]
		for range r.Walk(t.Context(), "/a/", "") {
		}
		if failures, _ := counts(g); failures != 1 {
			t.Errorf("%d failures are counted of a walk that hangs", failures)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if failures, running := counts(g); failures != 0 || running != 0 {
			t.Errorf("%d failures and %d calls are counted when it has returned", failures, running)
		}
	})
}

func counts(g *guarded) (failures, running int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.failures, g.running
}
