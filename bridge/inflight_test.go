package main

import (
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// withInFlight runs test in a bubble of its own time, with a limit of 8 and what
// nsqd was told last.
func withInFlight(t *testing.T, test func(f *inFlight, allowed *atomic.Int32)) {
	synctest.Test(t, func(t *testing.T) {
		var allowed atomic.Int32
		allowed.Store(8)
		test(newInFlight(&pace{most: 8, allowed: 8}, func(n int) { allowed.Store(int32(n)) }), &allowed)
	})
}

func TestAPauseAdmitsNothingUntilItsEnd(t *testing.T) {
	withInFlight(t, func(f *inFlight, allowed *atomic.Int32) {
		if _, ok := f.admit(); !ok {
			t.Fatal("nothing admitted before the pause")
		}
		f.done()
		if wait := f.pause(10 * time.Second); wait != 10*time.Second || allowed.Load() != 0 {
			t.Fatalf("pause of %v, nsqd may send %d; want 10s and 0", wait, allowed.Load())
		}
		time.Sleep(4 * time.Second)
		if wait, ok := f.admit(); ok || wait != 6*time.Second {
			t.Errorf("admit during the pause: %v, %v; want to wait the 6s that are left", wait, ok)
		}
		time.Sleep(5999 * time.Millisecond)
		synctest.Wait()
		if n := allowed.Load(); n != 0 {
			t.Errorf("nsqd may send %d before the pause is over", n)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if n := allowed.Load(); n != 8 {
			t.Errorf("nsqd may send %d after the pause, want 8", n)
		}
		if _, ok := f.admit(); !ok {
			t.Error("nothing admitted after the pause")
		}
		f.done()
	})
}

func TestOfOverlappingPausesTheLaterEndCounts(t *testing.T) {
	withInFlight(t, func(f *inFlight, allowed *atomic.Int32) {
		f.pause(10 * time.Second)
		time.Sleep(time.Second)
		if wait := f.pause(2 * time.Second); wait != 9*time.Second {
			t.Errorf("a shorter pause left %v, want the 9s of the longer", wait)
		}
		if wait := f.pause(20 * time.Second); wait != 20*time.Second {
			t.Errorf("a longer pause left %v, want its 20s", wait)
		}
		time.Sleep(19999 * time.Millisecond)
		synctest.Wait()
		if n := allowed.Load(); n != 0 {
			t.Errorf("nsqd may send %d before the longest pause is over", n)
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if n := allowed.Load(); n != 8 {
			t.Errorf("nsqd may send %d after the longest pause, want 8", n)
		}
	})
}

func TestOnceClosedNothingIsAdmitted(t *testing.T) {
	withInFlight(t, func(f *inFlight, allowed *atomic.Int32) {
		f.pause(time.Second)
		time.Sleep(2 * time.Second)
		f.admit()
		closed := make(chan struct{})
		go func() { f.close(); close(closed) }()
		synctest.Wait()
		if n := allowed.Load(); n != 0 {
			t.Errorf("nsqd may send %d", n)
		}
		if wait, ok := f.admit(); ok || wait != 0 {
			t.Errorf("admit: %v, %v; want to be given back at once", wait, ok)
		}
		select {
		case <-closed:
			t.Error("close did not wait for what is in flight")
		default:
		}
		f.done()
		<-closed
		f.pause(time.Second)
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := allowed.Load(); n != 0 {
			t.Errorf("nsqd may send %d after a pause that came when it was closed", n)
		}
	})
}

func TestWhatMayBeInFlightIsSharedAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var allowed []int
		f := newInFlight(&pace{most: 8, allowed: 8}, func(n int) { allowed = append(allowed, n) })
		f.share()
		if !slices.Equal(allowed, []int{7, 8}) {
			t.Errorf("nsqd may send %v, want 7, and then 8", allowed)
		}
		f.pause(time.Second)
		f.share()
		if last := allowed[len(allowed)-1]; last != 0 {
			t.Errorf("in a pause nsqd may send %d", last)
		}
		f.close()
		f.share()
		if last := allowed[len(allowed)-1]; last != 0 {
			t.Errorf("after the end nsqd may send %d", last)
		}
	})
}
