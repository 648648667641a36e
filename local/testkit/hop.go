package testkit

import (
	"net"
	"sync"
	"testing"
)

// Hop is an address that passes connections on, until it swallows what comes on those that there are. It ends with the test.
type Hop struct {
	Address string
	mu      sync.Mutex
	dead    map[net.Conn]bool // each end, and whether what comes from it is swallowed
	servers []net.Conn        // of these ends
}

// NewHop listens, and passes on to the address.
func NewHop(t testing.TB, to string) *Hop {
	t.Helper()
	listener := Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	h := &Hop{Address: listener.Addr().String(), dead: make(map[net.Conn]bool)}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to) //nolint:noctx // on this machine
			if err != nil {
				client.Close()
				continue
			}
			h.mu.Lock()
			h.dead[client], h.dead[server] = false, false
			h.servers = append(h.servers, server)
			h.mu.Unlock()
			running.Go(func() { h.pass(server, client) })
			running.Go(func() { h.pass(client, server) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		h.mu.Lock()
		for conn := range h.dead {
			conn.Close()
		}
		h.mu.Unlock()
		running.Wait()
	})
	return h
}

// Mute swallows what the server says on every connection that there is. What is said to it
// still arrives.
func (h *Hop) Mute() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, server := range h.servers {
		h.dead[server] = true
	}
}

// Swallow makes every connection that there is a black hole: nothing comes out at either end, not even that the other
// ended. New ones are passed on.
func (h *Hop) Swallow() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for conn := range h.dead {
		h.dead[conn] = true
	}
}

func (h *Hop) pass(to, from net.Conn) {
	defer from.Close()
	piece := make([]byte, 4096)
	for {
		n, err := from.Read(piece)
		h.mu.Lock()
		dead := h.dead[from]
		h.mu.Unlock()
		switch {
		case dead && err == nil:
			continue
		case dead:
			return
		case err != nil:
			to.Close()
			return
		}
		if _, err := to.Write(piece[:n]); err != nil {
			return
		}
	}
}
