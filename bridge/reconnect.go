package main

import (
	"context"
	"strings"
	"sync"
)

// connections ends the deliveries whose nsqd was lost: it requeues their messages
// unasked, and go-nsq does not reconnect to it while one of them is in flight.
type connections struct {
	mu     sync.Mutex
	byNSQD map[string]connection // by address
}

type connection struct {
	context.Context // ends when it is lost
	cancel          context.CancelFunc
}

func newConnections() *connections {
	return &connections{byNSQD: make(map[string]connection)}
}

// whileConnected gives a context that ends with ctx, or when the connection to the
// nsqd at address is lost.
func (c *connections) whileConnected(ctx context.Context, address string) (context.Context, context.CancelFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	current, ok := c.byNSQD[address]
	if !ok {
		current.Context, current.cancel = context.WithCancel(context.Background())
		c.byNSQD[address] = current
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(current, cancel)
	return ctx, func() { stop(); cancel() }
}

// observe looks at a line of go-nsq's log. That it lost a connection with messages
// in flight, go-nsq v1.1.0 tells nowhere else:
//
//	WRN    1 [topic/channel] (127.0.0.1:4150) delaying close, 3 outstanding messages
func (c *connections) observe(line string) {
	before, _, lost := strings.Cut(line, ") delaying close, ")
	_, address, found := strings.Cut(before, "] (")
	if !lost || !found {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if current, ok := c.byNSQD[address]; ok {
		current.cancel()
		delete(c.byNSQD, address)
	}
}
