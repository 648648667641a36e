package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lineup.dev/lineup/local/testkit"
)

// What comes while a group is under way is the next one, of GROUP_MAX at most.
func TestWhatComesAtOnceIsDoneTogether(t *testing.T) {
	t.Parallel()
	for most, want := range map[int]string{64: "[1 9]", 4: "[1 4 4 1]"} {
		t.Run(fmt.Sprintf("GROUP_MAX=%d", most), func(t *testing.T) {
			t.Parallel()
			release := make(chan struct{})
			var sizes []int
			seen := map[int]bool{}
			g := &groups[int]{most: most, usual: time.Hour, do: func(_ context.Context, all []int) {
				<-release
				sizes = append(sizes, len(all))
				for _, one := range all {
					seen[one] = true
				}
			}}
			var callers sync.WaitGroup
			for i := range 10 {
				callers.Go(func() { g.join(t.Context(), i) })
				testkit.Eventually(t, 20*time.Second, "the call waits", func() bool {
					g.mu.Lock()
					defer g.mu.Unlock()
					return g.running && len(g.waiting) == i
				})
			}
			close(release)
			callers.Wait()
			if got := fmt.Sprint(sizes); got != want || len(seen) != 10 {
				t.Errorf("groups of %s with %d calls, want %s with 10", got, len(seen), want)
			}
		})
	}
}

func TestAGroupThatHangsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	began, other := make(chan struct{}), make(chan struct{})
	g := &groups[int]{most: 64, usual: time.Millisecond, do: func(_ context.Context, all []int) {
		if all[0] == 1 {
			close(began)
			<-other
		} else {
			close(other)
		}
	}}
	var hangs sync.WaitGroup
	hangs.Go(func() { g.join(t.Context(), 1) })
	<-began
	g.join(t.Context(), 2)
	hangs.Wait()
}

func TestWithAGroupOfOneNothingIsShared(t *testing.T) {
	t.Parallel()
	var calls sync.WaitGroup
	calls.Add(2)
	g := &groups[int]{most: 1, do: func(context.Context, []int) { // both at once, or it never ends
		calls.Done()
		calls.Wait()
	}}
	go g.join(t.Context(), 1)
	g.join(t.Context(), 2)
}

// A program's end waits for what its groups do, also where the one that asked for it is answered.
func TestGroupsAreWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began, release := make(chan struct{}, 2), make(chan struct{})
		var done atomic.Bool
		g := &groups[int]{most: 64, usual: time.Hour, do: func(context.Context, []int) {
			began <- struct{}{}
			<-release
			done.Store(true)
		}}
		go g.join(t.Context(), 1)
		<-began
		ended := make(chan struct{})
		go func() { g.wait(); close(ended) }()
		synctest.Wait()
		select {
		case <-ended:
			t.Error("a group is under way, and nobody waits for it")
		default:
		}
		go g.join(t.Context(), 2) // it comes too late to be waited for, and has no goroutine but its own
		<-began
		close(release)
		<-ended
		if !done.Load() {
			t.Error("the group was not done when it was waited for")
		}
	})
}
