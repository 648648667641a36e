package store

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"

	"lineup.dev/lineup/pkg/dial"
)

const (
	nameInterval = time.Second            // between two looks at what the database's name stands for
	nameMemory   = time.Minute            // after which an address may come back without making the name one that rotates
	silence      = 500 * time.Millisecond // without an answer, after which a connection may be one on which none comes
)

// connections are those that are open to the database. A pool does not know that the
// server at the other end is no longer the one to talk to: it goes on with each
// connection until that fails, which takes minutes when a primary hangs, or turned
// read-only. So they are retired here, below the driver, when
//   - the database's name has left their address (a failover by name change),
//   - the server said that it is not the one to ask (leave), or
//   - nothing came on another for a while, and nothing has come on this one since.
//
// The driver looks at a connection before it uses it again, finds a retired one broken,
// and takes another; what is under way on it goes on. Broken off is only what has waited
// for an answer for half a second at an address that the name has left: that server hangs.
type connections struct {
	host   string // that the DSN names; empty when there is nothing to look up: an IP address, a socket
	dialer *net.Dialer
	lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

	mu   sync.Mutex
	open map[*connection]bool
	name name
}

// connection is one of them.
type connection struct {
	net.Conn
	all     *connections
	address netip.Addr
	asked   atomic.Int64 // when what waits for an answer was sent, in Unix nanoseconds; 0 when nothing waits
	heard   atomic.Int64 // when something came last
	retired atomic.Bool
}

// newConnections makes the config's connections go through it.
func newConnections(config *mysql.Config) *connections {
	c := &connections{dialer: dial.Dialer(), lookup: net.DefaultResolver.LookupNetIP, open: make(map[*connection]bool)}
	if config.Net == "tcp" {
		host, _, _ := net.SplitHostPort(config.Addr)
		if _, err := netip.ParseAddr(host); err != nil {
			c.host = host
		}
	}
	config.DialFunc = c.dial
	config.CheckConnLiveness = true
	return c
}

func (c *connections) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := c.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	opened := &connection{Conn: conn, all: c}
	if remote, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		opened.address = plain(remote.AddrPort().Addr())
	}
	now := time.Now().UnixNano()
	opened.asked.Store(now) // the server speaks first
	opened.heard.Store(now)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open[opened] = true
	return opened, nil
}

// follow looks the name up until ctx ends, while there are connections.
func (c *connections) follow(ctx context.Context) {
	if c.host == "" {
		return
	}
	ticker := time.NewTicker(nameInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			c.look(ctx)
		}
	}
}

func (c *connections) look(ctx context.Context) {
	c.mu.Lock()
	used := len(c.open) > 0
	c.mu.Unlock()
	if !used {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, nameInterval)
	defer cancel()
	addresses, err := c.lookup(ctx, "ip", c.host)
	if err != nil || len(addresses) == 0 {
		return // says nothing of the database
	}
	now := time.Now()
	c.mu.Lock()
	moved := c.name.gave(addresses, now)
	c.mu.Unlock()
	if !moved {
		return
	}
	c.each(func(conn *connection) {
		if !c.name.left(conn.address) {
			return
		}
		conn.retired.Store(true)
		if conn.waitsSince(now.Add(-silence)) {
			delete(c.open, conn)
			conn.Conn.Close()
		}
	})
}

// leave retires all.
func (c *connections) leave() {
	c.each(func(conn *connection) { conn.retired.Store(true) })
}

// silent retires those on which nothing has come since.
func (c *connections) silent(since int64) {
	c.each(func(conn *connection) {
		if conn.heard.Load() < since {
			conn.retired.Store(true)
		}
	})
}

func (c *connections) each(do func(*connection)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.open {
		do(conn)
	}
}

// waitsSince tells whether it waits for an answer to what was sent before t.
func (c *connection) waitsSince(t time.Time) bool {
	asked := c.asked.Load()
	return asked != 0 && asked < t.UnixNano()
}

func (c *connection) Write(b []byte) (int, error) {
	c.asked.CompareAndSwap(0, time.Now().UnixNano())
	return c.Conn.Write(b)
}

func (c *connection) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.heard.Store(time.Now().UnixNano())
		c.asked.Store(0)
	}
	return n, err
}

// Close also tells the others when nothing came while somebody waited.
func (c *connection) Close() error {
	c.all.mu.Lock()
	delete(c.all.open, c)
	c.all.mu.Unlock()
	if c.waitsSince(time.Now().Add(-silence)) {
		c.all.silent(c.asked.Load())
	}
	return c.Conn.Close()
}

var errRetired = errors.New("the connection leads where nobody is to be asked any more")

// SyscallConn is what the driver asks for to see whether the connection still stands.
func (c *connection) SyscallConn() (syscall.RawConn, error) {
	conn, ok := c.Conn.(syscall.Conn)
	switch {
	case c.retired.Load():
		return nil, errRetired
	case !ok:
		return nil, errors.ErrUnsupported
	}
	return conn.SyscallConn()
}

// name is what a host name stood for.
type name struct {
	addresses []netip.Addr             // now
	gone      map[netip.Addr]time.Time // when it left which
}

// gave notes what the name stands for now. It tells whether it has left an address and
// means it: one that comes back soon is of a name that gives one of several in turn, as
// for replicas that are only read.
func (n *name) gave(addresses []netip.Addr, now time.Time) bool {
	for i := range addresses {
		addresses[i] = plain(addresses[i])
	}
	for _, address := range n.addresses {
		if !slices.Contains(addresses, address) {
			if n.gone == nil {
				n.gone = make(map[netip.Addr]time.Time)
			}
			n.gone[address] = now
		}
	}
	n.addresses = addresses
	rotates := false
	for address, at := range n.gone {
		switch {
		case now.Sub(at) > nameMemory:
			delete(n.gone, address)
		case slices.Contains(addresses, address):
			rotates = true
		}
	}
	return !rotates
}

// left tells whether the name does not stand for the address.
func (n *name) left(address netip.Addr) bool { return !slices.Contains(n.addresses, address) }

// plain is the address as all are compared.
func plain(address netip.Addr) netip.Addr { return address.Unmap().WithZone("") }
