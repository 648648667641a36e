package deptest

import (
	"testing"

	"lineup.dev/lineup/local/parts"
)

// NSQD is a real nsqd. It can be stopped and started again at the same addresses with the messages it had.
type NSQD struct {
	TCP, HTTP string // addresses, host:port
	data      string
	lookupds  []string
	running   *parts.NSQD
}

// NSQ starts an nsqd on free ports. It registers with the nsqlookupds at the given TCP addresses, and ends with the test.
func NSQ(t testing.TB, lookupds ...string) *NSQD {
	t.Helper()
	n := &NSQD{TCP: "127.0.0.1:0", HTTP: "127.0.0.1:0", data: t.TempDir(), lookupds: lookupds}
	n.Start(t)
	n.TCP, n.HTTP = n.running.TCP, n.running.HTTP
	t.Cleanup(n.Stop)
	return n
}

// Start starts a stopped nsqd again.
func (n *NSQD) Start(t testing.TB) {
	t.Helper()
	if n.running != nil {
		t.Fatal("this nsqd is running")
	}
	running, err := parts.StartNSQD(parts.NSQDOptions{TCP: n.TCP, HTTP: n.HTTP, Data: n.data, Lookupds: n.lookupds})
	if err != nil {
		t.Fatal(err)
	}
	n.running = running
}

// Stop ends nsqd: who is connected is cut off. To stop a stopped one does nothing.
func (n *NSQD) Stop() {
	if n.running != nil {
		n.running.Stop() //nolint:errcheck // a test that needs an nsqd that had failed has failed too
		n.running = nil
	}
}

// Lookupd starts an nsqlookupd on free ports, to whose TCP address nsqd registers and whose HTTP address is asked. It ends
// with the test.
func Lookupd(t testing.TB) *parts.Lookupd {
	t.Helper()
	l, err := parts.StartLookupd()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Stop)
	return l
}
