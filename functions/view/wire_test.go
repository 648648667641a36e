package main

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"

	"lineup.dev/lineup/local/testkit"
)

// wire is the way to a database, which a test can cut.
type wire struct {
	dsn     string // of the database by way of the wire
	address string
	network string // of the database itself
	target  string

	mu       sync.Mutex
	listener net.Listener
	open     []net.Conn
	silent   bool
	running  sync.WaitGroup
}

func newWire(t *testing.T, dsn string) *wire {
	t.Helper()
	config := testkit.Must(mysql.ParseDSN(dsn))(t)
	w := &wire{network: config.Net, target: config.Addr, address: "127.0.0.1:0"}
	w.mend(t)
	config.Net, config.Addr = "tcp", w.address
	w.dsn = config.FormatDSN()
	t.Cleanup(func() { w.cut(); w.running.Wait() })
	return w
}

// mend opens the wire, after a cut at the same address.
func (w *wire) mend(t *testing.T) {
	t.Helper()
	listener := testkit.Must(net.Listen("tcp", w.address))(t)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listener, w.address = listener, listener.Addr().String()
	w.running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			w.join(client)
		}
	})
}

// join leads a connection on to the database.
func (w *wire) join(client net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = append(w.open, client)
	if w.silent {
		return
	}
	server, err := net.Dial(w.network, w.target)
	if err != nil {
		client.Close()
		return
	}
	w.open = append(w.open, server)
	w.running.Go(func() { io.Copy(server, client); server.Close() })
	w.running.Go(func() { io.Copy(client, server); client.Close() })
}

// hush lets new connections be made, and nothing be answered.
func (w *wire) hush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.silent = true
}

// cut ends every connection and takes no new one.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.listener.Close()
	for _, conn := range w.open {
		conn.Close()
	}
	w.open = nil
}
