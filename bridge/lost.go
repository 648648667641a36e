package main

import (
	"context"
	"strings"
	"sync"
)

// connections tells deliveries that the nsqd their messages came from was lost: it
// will not hear what becomes of them, and gives them to somebody again. go-nsq does
// not connect to it anew while one of them is not answered.
type connections struct {
	mu   sync.Mutex
	open map[string]connection // by address
}

type connection struct {
	context.Context // ends when it is lost
	lose            context.CancelFunc
}

// with gives a context that ends with ctx, or when the connection to the nsqd at
// address is lost.
func (c *connections) with(ctx context.Context, address string) (context.Context, context.CancelFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now, ok := c.open[address]
	if !ok {
		now.Context, now.lose = context.WithCancel(context.Background())
		c.open[address] = now
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(now, cancel)
	return ctx, func() { stop(); cancel() }
}

// read looks at a line of go-nsq's log. That it lost a connection whose messages are
// not all answered, go-nsq v1.1.0 tells nowhere else:
//
//	WRN    1 [topic/channel] (127.0.0.1:4150) delaying close, 3 outstanding messages
func (c *connections) read(line string) {
	before, _, lost := strings.Cut(line, ") delaying close, ")
	_, address, found := strings.Cut(before, "] (")
	if !lost || !found {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if now, ok := c.open[address]; ok {
		now.lose()
		delete(c.open, address)
	}
}
