package chaos

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"lineup.dev/lineup/local/system"
)

// network is the proxies between the programs. Instances of one program share them.
type network struct {
	mu      sync.Mutex
	proxies map[string]*proxy // by name and targets
	calls   calls
	err     error // the first
}

// route puts a proxy between two programs, as system.Settings asks for.
func (n *network) route(from, to string, at ...string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.proxies == nil {
		n.proxies = make(map[string]*proxy)
		n.calls.picture = make(map[int64]int)
	}
	name := from + "→" + to
	key := name + " " + strings.Join(at, " ")
	if p := n.proxies[key]; p != nil {
		return p.address()
	}
	tap := n.calls.read
	if to != system.FaceServer {
		tap = nil
	}
	p, err := newProxy(name, tap, at...)
	if err != nil {
		n.err = err
		return at[0]
	}
	n.proxies[key] = p
	return p.address()
}

func (n *network) close() {
	for _, p := range n.proxies {
		p.close()
	}
}

// sorted gives the proxies by name, so that the seed decides which of them fails.
func (n *network) sorted() []*proxy {
	var all []*proxy
	for _, key := range slices.Sorted(maps.Keys(n.proxies)) {
		all = append(all, n.proxies[key])
	}
	return all
}
