package deptest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/kelseyhightower/envconfig"
	"github.com/nsqio/nsq/nsqd"

	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/pkg/queue"
)

// NSQD is a real nsqd. It can be stopped and started again at the same addresses with the messages it had.
type NSQD struct {
	TCP, HTTP, HTTPS string // addresses, host:port
	data             string
	lookupds         []string
	configure        func(*nsqd.Options)
	running          *parts.NSQD
}

// NSQ starts an nsqd on free ports. It registers with the nsqlookupds at the given TCP addresses, and ends with the test.
func NSQ(t testing.TB, lookupds ...string) *NSQD {
	t.Helper()
	return NSQWith(t, nil, lookupds...)
}

// NSQWith is NSQ for an nsqd with options of its own.
func NSQWith(t testing.TB, configure func(*nsqd.Options), lookupds ...string) *NSQD {
	t.Helper()
	n := &NSQD{TCP: "127.0.0.1:0", HTTP: "127.0.0.1:0", data: t.TempDir(), lookupds: lookupds, configure: configure}
	n.Start(t)
	n.TCP, n.HTTP, n.HTTPS = n.running.TCP, n.running.HTTP, n.running.HTTPS
	t.Cleanup(n.Stop)
	return n
}

// Start starts a stopped nsqd again.
func (n *NSQD) Start(t testing.TB) {
	t.Helper()
	if n.running != nil {
		t.Fatal("this nsqd is running")
	}
	running, err := parts.StartNSQD(parts.NSQDOptions{TCP: n.TCP, HTTP: n.HTTP, Data: n.data, Lookupds: n.lookupds, Configure: n.configure})
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
	s.Addresses, s.HTTPAddresses = []string{tcp}, []string{http}
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

// NSQAuth is a server that nsqd asks what a client with a secret may do, at an address for its -auth-http-address: allowed
// tells for each secret the permissions, publish or subscribe. It ends with the test.
func NSQAuth(t testing.TB, allowed map[string][]string) (address string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		permissions, known := allowed[r.FormValue("secret")]
		if r.URL.Path != "/auth" || !known {
			http.Error(w, "NOT_AUTHORIZED", http.StatusForbidden)
			return
		}
		json.NewEncoder(w).Encode(map[string]any{ //nolint:errcheck // who does not get it is not authorized
			"ttl": 3600, "identity": "a test", "identity_url": "",
			"authorizations": []any{map[string]any{"topic": ".*", "channels": []string{".*"}, "permissions": permissions}},
		})
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}
