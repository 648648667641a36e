package queue_test

import (
	"net"
	"sync/atomic"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
)

// forgetful stands between a client and a server. What goes over the connections that there are when it forgets
// them is swallowed, as by a router that lost its table; new ones are served.
type forgetful struct {
	address  string
	accepted atomic.Int32
	forgot   atomic.Int32 // so many connections are dead
}

func between(t *testing.T, server string) *forgetful {
	t.Helper()
	listener := testkit.Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	f := &forgetful{address: listener.Addr().String()}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			nsqd, err := net.Dial("tcp", server)
			if err != nil {
				client.Close()
				continue
			}
			n := f.accepted.Add(1)
			go f.carry(n, nsqd, client)
			go f.carry(n, client, nsqd)
		}
	}()
	return f
}

func (f *forgetful) carry(n int32, to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 4096)
	for {
		count, err := from.Read(buffer)
		if n > f.forgot.Load() {
			if _, err := to.Write(buffer[:count]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func TestAConnectionThatWentSilentIsReplaced(t *testing.T) {
	t.Parallel()
	n := deptest.NSQ(t)
	router := between(t, n.TCP)
	s := deptest.QueueSettings(t, router.address, n.HTTP)
	s.Timeout = time.Second
	q := open(t, s)
	testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("before")))
	router.forgot.Store(router.accepted.Load())
	testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("after")))
	if got := consume(t, n.TCP, "images", 2); string(got[1]) != "after" {
		t.Errorf("got %q", got)
	}
	if connections := router.accepted.Load(); connections != 2 {
		t.Errorf("%d connections, want 2", connections)
	}
}
