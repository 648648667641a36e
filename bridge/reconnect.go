package main

import (
	"context"
	"strings"
	"sync"

	"lineup.dev/lineup/pkg/queue"
)

// connections knows from go-nsq's log what became of each connection to an nsqd. It
// ends the deliveries whose nsqd was lost: it requeues their messages unasked, and
// go-nsq does not reconnect to it while one of them is in flight.
type connections struct {
	mu      sync.Mutex
	byNSQD  map[string]connection // by address
	overTLS map[string]bool       // by address: the connection is encrypted
	closed  map[string]func()     // by address: called when the connection is closed
	doubted func(address string)  // called when nsqd holds messages for in flight that are not
	refused map[string]string     // by address: why nsqd refused what this connection said last
}

type connection struct {
	context.Context // ends when it is lost
	cancel          context.CancelFunc
}

func newConnections() *connections {
	return &connections{byNSQD: make(map[string]connection), overTLS: make(map[string]bool), closed: make(map[string]func()), refused: make(map[string]string)}
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

// notifyClosed calls onClose whenever the connection to the nsqd at address is closed,
// before go-nsq looks whether it should connect again, and then sends to the channel.
func (c *connections) notifyClosed(address string, onClose func()) <-chan struct{} {
	closed := make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed[address] = func() {
		onClose()
		select {
		case closed <- struct{}{}:
		default: // one that nobody has seen yet will do
		}
	}
	return closed
}

// refusal is why the nsqd at address refused to be read from, nil when it did not.
func (c *connections) refusal(address string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if why := c.refused[address]; why != "" {
		return queue.Refusal(why)
	}
	return nil
}

// encrypted tells whether the nsqd at address is connected over TLS.
func (c *connections) encrypted(address string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.overTLS[address]
}

// observe looks at a line of go-nsq's log. That it lost a connection with messages in
// flight, whether one has TLS, and why one was refused, go-nsq v1.1.0 tells nowhere else:
//
//	INF    1 [topic/channel] (127.0.0.1:4150) connecting to nsqd
//	INF    1 [topic/channel] (127.0.0.1:4150) upgrading to TLS
//	WRN    1 [topic/channel] (127.0.0.1:4150) delaying close, 3 outstanding messages
//	ERR    1 [topic/channel] (127.0.0.1:4150) protocol error - E_UNAUTHORIZED ...
//	ERR    1 [topic/channel] (127.0.0.1:4150) protocol error - E_REQ_FAILED REQ <id> failed ID already deferred
//	INF    1 [topic/channel] (127.0.0.1:4150) beginning close
func (c *connections) observe(line string) {
	_, line, _ = strings.Cut(line, "] (")
	address, happened, found := strings.Cut(line, ") ")
	if !found {
		return
	}
	if closed := c.note(address, happened); closed != nil {
		closed()
	}
	if c.doubted != nil && leavesInFlight(happened) {
		c.doubted(address)
	}
}

// leavesInFlight tells of an error after which nsqd v1.3.0 may go on counting a message as
// in flight that is not: of a message that it has twice under one id, as after it was killed
// while it moved it from a topic to a channel, only one is finished or requeued. With as many
// such as may be in flight, it sends nothing more. That a message timed out, it tells in the
// same words; there it counts right, and a new connection does no harm.
func leavesInFlight(happened string) bool {
	return strings.HasPrefix(happened, "protocol error - E_REQ_FAILED") || strings.HasPrefix(happened, "protocol error - E_FIN_FAILED")
}

// note gives what is to be called after that, nil for nothing.
func (c *connections) note(address, happened string) (closed func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if why, ok := strings.CutPrefix(happened, "protocol error - "); ok {
		if code, _, _ := strings.Cut(why, " "); !strings.HasSuffix(code, "_FAILED") { // that is about one message
			c.refused[address] = why
		}
	}
	switch what, _, _ := strings.Cut(happened, ","); what {
	case "connecting to nsqd":
		delete(c.overTLS, address)
		delete(c.refused, address)
	case "beginning close":
		delete(c.overTLS, address)
		return c.closed[address]
	case "upgrading to TLS":
		c.overTLS[address] = true // a handshake that fails ends the connection
	case "delaying close":
		delete(c.overTLS, address)
		if current, ok := c.byNSQD[address]; ok {
			current.cancel()
			delete(c.byNSQD, address)
		}
	}
	return nil
}
