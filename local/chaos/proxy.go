package chaos

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// proxy is a hop between two programs that can fail. It passes connections on to
// the targets in turn, or to the next one that accepts, as a load balancer does.
type proxy struct {
	name    string // from→to
	targets []string
	// tap, if set, reads along what each client sends; it must read to the end.
	tap func(io.Reader)

	listener net.Listener
	running  sync.WaitGroup

	mu         sync.Mutex
	next       int                // of targets
	open       map[net.Conn]*link // by both ends
	refusing   bool
	swallowing bool
	closed     bool
	delay      time.Duration // of every piece of data, in both directions
}

// link is a connection through the proxy.
type link struct {
	// swallowed tells that what comes from either end goes nowhere, not even that it ended.
	swallowed atomic.Bool
}

// newProxy listens on a free port of 127.0.0.1.
func newProxy(name string, tap func(io.Reader), targets ...string) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{name: name, targets: targets, tap: tap, listener: listener, open: make(map[net.Conn]*link)}
	p.running.Go(p.accept)
	return p, nil
}

func (p *proxy) address() string { return p.listener.Addr().String() }

func (p *proxy) close() {
	p.listener.Close()
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cut()
	p.running.Wait()
}

// cut breaks every connection, as a machine in between that is switched off does.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.open {
		reset(conn)
	}
	clear(p.open)
}

// refuse breaks every connection and each new one at once, or no longer.
func (p *proxy) refuse(yes bool) {
	p.mu.Lock()
	p.refusing = yes
	p.mu.Unlock()
	if yes {
		p.cut()
	}
}

// swallow makes every connection a black hole, as a NAT that forgot them does.
func (p *proxy) swallow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.open {
		l.swallowed.Store(true)
	}
}

// swallowAll makes every connection a black hole, and each new one, or that no longer.
// Those that are one stay one.
func (p *proxy) swallowAll(yes bool) {
	p.mu.Lock()
	p.swallowing = yes
	p.mu.Unlock()
	if yes {
		p.swallow()
	}
}

// slow delays every piece of data by d from now on.
func (p *proxy) slow(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed
		}
		p.running.Go(func() { p.pass(client) })
	}
}

// pass carries one connection until either end breaks it, or both do when it is a black hole.
func (p *proxy) pass(client net.Conn) {
	l := new(link)
	if !p.keep(client, l) {
		reset(client)
		return
	}
	defer p.drop(client)
	if l.swallowed.Load() {
		p.copy(io.Discard, client, l)
		return
	}
	server := p.dial()
	if server == nil {
		return
	}
	if !p.keep(server, l) {
		reset(server)
		return
	}
	defer p.drop(server)
	var both sync.WaitGroup
	both.Go(func() { p.copy(client, server, l); p.ended(l, server, client) })
	to, end := p.tapped(server)
	p.copy(to, client, l)
	p.ended(l, client, server)
	both.Wait()
	end()
}

// ended drops the end that broke, and tells the other unless that is swallowed.
func (p *proxy) ended(l *link, broke, other net.Conn) {
	p.drop(broke)
	if !l.swallowed.Load() {
		p.drop(other)
	}
}

// keep takes an end of a link into what cut breaks, unless it is to be refused.
func (p *proxy) keep(conn net.Conn, l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refusing || p.closed {
		return false
	}
	if p.swallowing {
		l.swallowed.Store(true)
	}
	p.open[conn] = l
	return true
}

// drop ends a connection. To end it twice does nothing.
func (p *proxy) drop(conn net.Conn) {
	p.mu.Lock()
	delete(p.open, conn)
	p.mu.Unlock()
	conn.Close()
}

// reset closes conn so that its other end sees that it broke.
func reset(conn net.Conn) {
	conn.(*net.TCPConn).SetLinger(0) //nolint:errcheck // fails only when the connection is closed already
	conn.Close()
}

// dial connects to the target whose turn it is, or to the next that accepts; nil when none does.
func (p *proxy) dial() net.Conn {
	p.mu.Lock()
	first := p.next
	p.next++
	p.mu.Unlock()
	for i := range p.targets {
		conn, err := net.DialTimeout("tcp", p.targets[(first+i)%len(p.targets)], 5*time.Second) //nolint:noctx // five seconds are its limit
		if err == nil {
			return conn
		}
	}
	return nil
}

func (p *proxy) copy(to io.Writer, from io.Reader, l *link) {
	piece := make([]byte, 32<<10)
	for {
		n, err := from.Read(piece)
		if n > 0 && !l.swallowed.Load() {
			p.mu.Lock()
			delay := p.delay
			p.mu.Unlock()
			time.Sleep(delay) // at most some tenths of a second
			if _, err := to.Write(piece[:n]); err != nil && !l.swallowed.Load() {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// tapped lets the tap read along what arrives; end waits until it has read everything.
func (p *proxy) tapped(server net.Conn) (to io.Writer, end func()) {
	if p.tap == nil {
		return server, func() {}
	}
	read, write := io.Pipe()
	var tapping sync.WaitGroup
	tapping.Go(func() { p.tap(read) })
	return io.MultiWriter(write, server), func() {
		write.Close()
		tapping.Wait()
	}
}
