package queue_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nsqio/go-nsq"
	"github.com/nsqio/nsq/nsqd"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testcerts"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/queue"
)

// secured starts an nsqd and gives settings that have nothing but its addresses.
func secured(t *testing.T, configure func(*nsqd.Options)) (*deptest.NSQD, queue.Settings) {
	t.Helper()
	n := deptest.NSQWith(t, configure)
	s := deptest.QueueSettings(t, n.TCP, n.HTTP)
	s.Timeout = 10 * time.Second
	return n, s
}

// withTLS makes nsqd show a certificate, and take nothing that is not encrypted.
func withTLS(t *testing.T, ca *testcerts.CA) func(*nsqd.Options) {
	t.Helper()
	cert, key := ca.Issue(t)
	return func(o *nsqd.Options) {
		o.TLSCert, o.TLSKey, o.TLSRequired, o.HTTPSAddress = cert, key, nsqd.TLSRequired, "127.0.0.1:0"
	}
}

// askingForCertificates is withTLS for an nsqd that asks for one of the client too.
func askingForCertificates(t *testing.T, ca, clients *testcerts.CA) func(*nsqd.Options) {
	t.Helper()
	tls := withTLS(t, ca)
	return func(o *nsqd.Options) {
		tls(o)
		o.TLSClientAuthPolicy, o.TLSRootCAFile = "require-verify", clients.File
	}
}

// consumeBy reads n messages of the topic as a consumer does that the settings configured.
func consumeBy(t *testing.T, s queue.Settings, topic string, n int) [][]byte {
	t.Helper()
	config := nsq.NewConfig()
	testkit.Succeed(t, s.Configure(config))
	return consumeWith(t, config, s.Addresses[0], topic, n)
}

func TestAnNSQDThatIsStrict(t *testing.T) {
	t.Parallel()
	ca, clients := testcerts.New(t), testcerts.New(t)
	cert, key := clients.Issue(t)
	authentication := deptest.NSQAuth(t, map[string][]string{"secret": {"publish", "subscribe"}})
	overTLS := func(s *queue.Settings) { s.TLS, s.CAFile = "on", ca.File }
	for name, c := range map[string]struct {
		nsqd  func(*nsqd.Options)
		queue func(*queue.Settings)
	}{
		"TLS": {withTLS(t, ca), overTLS},
		"TLS over TCP alone": {func(o *nsqd.Options) { withTLS(t, ca)(o); o.TLSRequired = nsqd.TLSRequiredExceptHTTP },
			func(s *queue.Settings) { s.TLS, s.CAFile = "tcp", ca.File }},
		"TLS with a client's certificate": {askingForCertificates(t, ca, clients),
			func(s *queue.Settings) { overTLS(s); s.CertFile, s.KeyFile = cert, key }},
		"AUTH":    {func(o *nsqd.Options) { o.AuthHTTPAddresses = []string{authentication} }, func(s *queue.Settings) { s.Secret = "secret" }},
		"deflate": {nil, func(s *queue.Settings) { s.Compression = "deflate" }},
		"snappy":  {nil, func(s *queue.Settings) { s.Compression = "snappy" }},
		"a compression that nsqd does not offer": {func(o *nsqd.Options) { o.SnappyEnabled = false },
			func(s *queue.Settings) { s.Compression = "snappy" }},
		"all of it with deflate": {func(o *nsqd.Options) {
			askingForCertificates(t, ca, clients)(o)
			o.AuthHTTPAddresses = []string{authentication}
		}, func(s *queue.Settings) {
			overTLS(s)
			s.CertFile, s.KeyFile, s.Secret, s.Compression = cert, key, "secret", "deflate"
		}},
		"TLS and AUTH with snappy": {func(o *nsqd.Options) { withTLS(t, ca)(o); o.AuthHTTPAddresses = []string{authentication} },
			func(s *queue.Settings) { overTLS(s); s.Secret, s.Compression = "secret", "snappy" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, s := secured(t, c.nsqd)
			c.queue(&s)
			if s.TLS == "on" {
				s.HTTPAddresses = []string{n.HTTPS}
			}
			q := open(t, s)
			large := bytes.Repeat([]byte("large "), 100_000)
			testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("one")))
			testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("two"), large))
			if waiting := backlog(t, q, "images", "test"); waiting != 3 {
				t.Errorf("a backlog of %d, want 3", waiting)
			}
			if got := consumeBy(t, s, "images", 3); fmt.Sprintf("%s %s", got[0], got[1]) != "one two" || !bytes.Equal(got[2], large) {
				t.Errorf("published one, two and a large one; consumed %.20q", got)
			}
		})
	}
}

func TestAnNSQDThatRefuses(t *testing.T) {
	t.Parallel()
	ca, clients := testcerts.New(t), testcerts.New(t)
	authentication := deptest.NSQAuth(t, map[string][]string{"reader": {"subscribe"}})
	authenticating := func(o *nsqd.Options) { o.AuthHTTPAddresses = []string{authentication} }
	for name, c := range map[string]struct {
		nsqd  func(*nsqd.Options)
		queue func(*queue.Settings)
		says  string
	}{
		"TLS is asked for, and not set":  {withTLS(t, ca), func(*queue.Settings) {}, "set NSQD_TLS=on"},
		"TLS is set, and not offered":    {nil, func(s *queue.Settings) { s.TLS = "on" }, "set NSQD_TLS=off"},
		"of a CA that nobody knows":      {withTLS(t, ca), func(s *queue.Settings) { s.TLS = "on" }, "NSQD_CA_FILE"},
		"of another CA":                  {withTLS(t, ca), func(s *queue.Settings) { s.TLS, s.CAFile = "on", clients.File }, "NSQD_CA_FILE"},
		"no secret":                      {authenticating, func(*queue.Settings) {}, "set NSQD_AUTH_SECRET"},
		"a secret that is none":          {authenticating, func(s *queue.Settings) { s.Secret = "wrong" }, "NSQD_AUTH_SECRET"},
		"a secret that may read alone":   {authenticating, func(s *queue.Settings) { s.Secret = "reader" }, "NSQD_AUTH_SECRET"},
		"no certificate of the client's": {askingForCertificates(t, ca, clients), func(s *queue.Settings) { s.TLS, s.CAFile = "on", ca.File }, "NSQD_CERT_FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, s := secured(t, c.nsqd)
			c.queue(&s)
			err := open(t, s).Publish(t.Context(), "images", []byte("a"))
			if err == nil || !strings.Contains(err.Error(), c.says) || s.Secret != "" && strings.Contains(err.Error(), s.Secret) {
				t.Errorf("%v, want an error that says %s", err, c.says)
			}
		})
	}
}

// What is asked over HTTP is refused by an nsqd that demands TLS there, too.
func TestTheBacklogOfAnNSQDThatDemandsTLS(t *testing.T) {
	t.Parallel()
	ca := testcerts.New(t)
	n, s := secured(t, withTLS(t, ca))
	if _, err := open(t, s).Backlog(t.Context(), "images", "process"); err == nil || !strings.Contains(err.Error(), "NSQD_TLS=on") {
		t.Errorf("%v, want an error that says NSQD_TLS=on", err)
	}
	s.TLS, s.HTTPAddresses = "on", []string{n.HTTPS}
	if _, err := open(t, s).Backlog(t.Context(), "images", "process"); err == nil {
		t.Error("the certificate of a CA that nobody knows was taken")
	}
}

// several are so many nsqds, and settings that name them in their order.
func several(t *testing.T, count int) ([]*deptest.NSQD, queue.Settings) {
	t.Helper()
	var nsqds []*deptest.NSQD
	s := deptest.QueueSettings(t, "", "")
	s.Addresses, s.HTTPAddresses = nil, nil
	for range count {
		n := deptest.NSQ(t)
		nsqds = append(nsqds, n)
		s.Addresses, s.HTTPAddresses = append(s.Addresses, n.TCP), append(s.HTTPAddresses, n.HTTP)
	}
	return nsqds, s
}

func TestOfSeveralNSQDsTheNextTakesWhatOneDoesNot(t *testing.T) {
	t.Parallel()
	nsqds, s := several(t, 3)
	q := open(t, s)
	testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("to the first")))
	nsqds[0].Stop()
	nsqds[1].Stop()
	testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("to the third"), []byte("and this")))
	if got := consume(t, nsqds[2].TCP, "images", 2); string(got[0]) != "to the third" {
		t.Errorf("the third has %q", got)
	}
	nsqds[0].Start(t)
	testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("still to the third")))
	consume(t, nsqds[2].TCP, "images", 1)
	nsqds[2].Stop()
	testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("to the first again")))
	if got := consume(t, nsqds[0].TCP, "images", 2); string(got[1]) != "to the first again" {
		t.Errorf("the first has %q", got)
	}
	nsqds[0].Stop()
	err := q.Publish(t.Context(), "images", []byte("to nobody"))
	for _, address := range s.Addresses {
		if err == nil || !strings.Contains(err.Error(), address) {
			t.Errorf("all are down: %v, want an error that tells of %s", err, address)
		}
	}
}

// A silent nsqd costs NSQD_TIMEOUT once, not at every message.
func TestASilentNSQDIsLeftForTheNext(t *testing.T) {
	t.Parallel()
	n := deptest.NSQ(t)
	s := deptest.QueueSettings(t, n.TCP, n.HTTP)
	silent := hanging(t)
	s.Addresses, s.HTTPAddresses = []string{silent, n.TCP}, []string{silent, n.HTTP}
	s.Timeout = 2 * time.Second
	q := open(t, s)
	testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("first")))
	began := time.Now()
	for range 10 {
		testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("more")))
	}
	if took := time.Since(began); took > 10*s.Timeout {
		t.Errorf("ten messages after the first took %v", took)
	}
	consume(t, n.TCP, "images", 11)
}

func TestNoOtherNSQDIsAskedToTakeWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	_, s := several(t, 2)
	s.MaxMessage = 4 << 20
	err := open(t, s).Publish(t.Context(), "images", make([]byte, 3<<20))
	if !errors.Is(err, queue.ErrTooLarge) || strings.Contains(err.Error(), s.Addresses[1]) {
		t.Errorf("%v, want ErrTooLarge of the first nsqd alone", err)
	}
}

func TestTheBacklogIsOfAllNSQDsThatAnswer(t *testing.T) {
	t.Parallel()
	nsqds, s := several(t, 2)
	q := open(t, s)
	for i, n := range nsqds {
		for range i + 1 {
			testkit.Succeed(t, open(t, s.At(n.TCP)).Publish(t.Context(), "images", []byte("a")))
		}
	}
	if waiting := backlog(t, q, "images", "process"); waiting != 3 {
		t.Errorf("a backlog of %d, want 1 and 2", waiting)
	}
	nsqds[1].Stop()
	nobody := open(t, func() queue.Settings { s := s; s.HTTPAddresses = []string{nsqds[0].HTTP, "127.0.0.1:1"}; return s }())
	if waiting := backlog(t, nobody, "images", "process"); waiting != 1 {
		t.Errorf("a backlog of %d, want the 1 of the nsqd that answers", waiting)
	}
}

func TestSettingsOfALinkThatCannotWork(t *testing.T) {
	t.Parallel()
	ca := testcerts.New(t)
	cert, key := ca.Issue(t)
	for what, c := range map[string]struct {
		change func(*queue.Settings)
		says   string
	}{
		"files without TLS":              {func(s *queue.Settings) { s.CAFile = ca.File }, "NSQD_TLS=on"},
		"a certificate without its key":  {func(s *queue.Settings) { s.TLS, s.CertFile = "on", cert }, "NSQD_KEY_FILE"},
		"CAs that are none":              {func(s *queue.Settings) { s.TLS, s.CAFile = "on", key }, "NSQD_CA_FILE"},
		"two nsqds and one HTTP address": {func(s *queue.Settings) { s.Addresses = []string{"a:4150", "b:4150"} }, "NSQD_HTTP_ADDRESS"},
		"another compression":            {func(s *queue.Settings) { s.Compression = "zip" }, "NSQD_COMPRESSION"},
	} {
		s := deptest.QueueSettings(t, "127.0.0.1:4150", "127.0.0.1:4151")
		c.change(&s)
		if _, err := queue.New(s); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want an error that says %s", what, err, c.says)
		}
	}
}

// A client's certificate is read for each handshake: it may be exchanged while the program runs.
func TestANewCertificateIsShownAtTheNextConnection(t *testing.T) {
	t.Parallel()
	ca, clients := testcerts.New(t), testcerts.New(t)
	n, s := secured(t, askingForCertificates(t, ca, clients))
	s.TLS, s.CAFile, s.HTTPAddresses = "on", ca.File, []string{n.HTTPS}
	s.CertFile, s.KeyFile = testcerts.New(t).Issue(t)
	q := open(t, s)
	if err := q.Publish(t.Context(), "images", []byte("a")); err == nil {
		t.Error("a certificate of another CA was taken")
	}
	clients.IssueTo(t, s.CertFile, s.KeyFile)
	testkit.Succeed(t, q.Publish(t.Context(), "images", []byte("a")))
}
