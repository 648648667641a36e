package main

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nsqio/go-nsq"
)

// responses counts what nsqd is told of messages.
type responses struct{ requeued atomic.Int32 }

func (r *responses) OnFinish(*nsq.Message)                       {}
func (r *responses) OnRequeue(*nsq.Message, time.Duration, bool) { r.requeued.Add(1) }
func (r *responses) OnTouch(*nsq.Message)                        {}

// go-nsq hands messages over even while a consumer stops. Whichever side of the
// closing a message comes on, it is requeued, and once.
func TestNoMessageIsLeftInAClosedCollector(t *testing.T) {
	t.Parallel()
	for range 1000 {
		const messages = 8
		c, nsqd := newCollector(messages-1), new(responses)
		var handing sync.WaitGroup
		for range messages {
			handing.Go(func() {
				m := message("letter")
				m.Delegate = nsqd
				c.HandleMessage(m)
			})
		}
		c.close()
		handing.Wait()
		if n := nsqd.requeued.Load(); n != messages {
			t.Fatalf("%d of %d messages were requeued", n, messages)
		}
	}
}
