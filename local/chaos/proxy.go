package chaos

import (
	"io"
	"net"
	"sync"
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

	mu       sync.Mutex
	next     int               // of targets
	open     map[net.Conn]bool // both ends of every connection
	refusing bool
	closed   bool
	delay    time.Duration // of every piece of data, in both directions
}

// newProxy listens on a free port of 127.0.0.1.
func newProxy(name string, tap func(io.Reader), targets ...string) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{name: name, targets: targets, tap: tap, listener: listener, open: make(map[net.Conn]bool)}
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

// pass carries one connection until either end breaks it.
func (p *proxy) pass(client net.Conn) {
	if !p.keep(client) {
		reset(client)
		return
	}
	defer p.drop(client)
	server := p.dial()
	if server == nil {
		return
	}
	if !p.keep(server) {
		reset(server)
		return
	}
	defer p.drop(server)
	var both sync.WaitGroup
	both.Go(func() { p.copy(client, server); p.drop(client); p.drop(server) })
	from, end := p.tapped(client)
	p.copy(server, from)
	p.drop(client)
	p.drop(server)
	both.Wait()
	end()
}

// keep takes conn into what cut breaks, unless it is to be refused.
func (p *proxy) keep(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refusing || p.closed {
		return false
	}
	p.open[conn] = true
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

func (p *proxy) copy(to io.Writer, from io.Reader) {
	piece := make([]byte, 32<<10)
	for {
		n, err := from.Read(piece)
		if n > 0 {
			p.mu.Lock()
			delay := p.delay
			p.mu.Unlock()
			time.Sleep(delay) // at most some tenths of a second
			if _, err := to.Write(piece[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// tapped lets the tap read along; end waits until it has read everything.
func (p *proxy) tapped(client net.Conn) (from io.Reader, end func()) {
	if p.tap == nil {
		return client, func() {}
	}
	read, write := io.Pipe()
	var tapping sync.WaitGroup
	tapping.Go(func() { p.tap(read) })
	return io.TeeReader(client, write), func() {
		write.Close()
		tapping.Wait()
	}
}
