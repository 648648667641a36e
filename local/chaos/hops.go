package chaos

import (
	"strings"
	"sync"

	"lineup.dev/lineup/local/system"
)

// hops are the proxies between the programs. Instances of one program share them.
type hops struct {
	mu      sync.Mutex
	proxies map[string]*proxy // by name and targets
	calls   calls
	err     error // the first
}

// route puts a proxy between two programs, as system.Settings asks for.
func (h *hops) route(from, to string, at ...string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.proxies == nil {
		h.proxies = make(map[string]*proxy)
		h.calls.picture = make(map[int64]int)
	}
	name := from + "→" + to
	key := name + " " + strings.Join(at, " ")
	if p := h.proxies[key]; p != nil {
		return p.address()
	}
	tap := h.calls.read
	if to != system.FaceServer {
		tap = nil
	}
	p, err := newProxy(name, tap, at...)
	if err != nil {
		h.err = err
		return at[0]
	}
	h.proxies[key] = p
	return p.address()
}

func (h *hops) close() {
	for _, p := range h.proxies {
		p.close()
	}
}
