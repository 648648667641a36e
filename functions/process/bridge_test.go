package main

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// carry plays the bridge: it brings the events of pictures 1 to n, atOnce at a time,
// each again after the answer's Retry-After, of which one second is given its length,
// until all were answered with 200. done tells how many were; wait waits for all.
func (s *system) carry(t *testing.T, n, atOnce int, second time.Duration) (done *atomic.Int32, wait func()) {
	t.Helper()
	done = new(atomic.Int32)
	waiting := make(chan int64, n)
	for id := range int64(n) {
		waiting <- id + 1
	}
	var bridge sync.WaitGroup
	for range atOnce {
		bridge.Go(func() {
			for {
				select {
				case <-t.Context().Done():
					return
				case id, more := <-waiting:
					if !more {
						return
					}
					answer := s.deliver(t, id)
					if answer.Code != http.StatusOK {
						seconds, _ := strconv.Atoi(answer.Header().Get("Retry-After"))
						time.AfterFunc(time.Duration(seconds)*second, func() { waiting <- id })
					} else if done.Add(1) == int32(n) {
						close(waiting)
					}
				}
			}
		})
	}
	t.Cleanup(bridge.Wait)
	return done, bridge.Wait
}
