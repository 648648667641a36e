package deptest

import (
	"testing"

	"github.com/kelseyhightower/envconfig"

	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/pkg/queue"
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

// QueueSettings are the default ones of a queue, for the nsqd at these addresses.
func QueueSettings(t testing.TB, tcp, http string) queue.Settings {
	t.Helper()
	var s queue.Settings
	if err := envconfig.Process("", &s); err != nil {
		t.Fatal(err)
	}
	s.Address, s.HTTPAddress = tcp, http
	return s
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
