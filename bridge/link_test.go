package main

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nsqio/go-nsq"
	"github.com/nsqio/nsq/nsqd"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testcerts"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/prewarm"
	"lineup.dev/lineup/pkg/queue"
)

// publishBy is publish to an nsqd that is not talked to plainly.
func publishBy(t *testing.T, link queue.Link, nsqd *deptest.NSQD, body string) {
	t.Helper()
	s := deptest.QueueSettings(t, nsqd.TCP, nsqd.HTTP)
	s.Link = link
	q := testkit.Must(queue.New(s))(t)
	defer q.Close()
	testkit.Succeed(t, q.Publish(t.Context(), "images", []byte(body)))
}

// TestAnNSQDThatIsStrict carries a message and a dead letter, lists the letter and drops it.
func TestAnNSQDThatIsStrict(t *testing.T) {
	t.Parallel()
	ca := testcerts.New(t)
	cert, key := ca.Issue(t)
	authentication := deptest.NSQAuth(t, map[string][]string{"secret": {"publish", "subscribe"}})
	plain := deptest.QueueSettings(t, "", "").Link
	with := func(change func(*queue.Link)) queue.Link { l := plain; change(&l); return l }
	tls := func(o *nsqd.Options) {
		o.TLSCert, o.TLSKey, o.TLSRequired, o.TLSClientAuthPolicy, o.TLSRootCAFile = cert, key, nsqd.TLSRequiredExceptHTTP, "require-verify", ca.File
	}
	auth := func(o *nsqd.Options) { o.AuthHTTPAddresses = []string{authentication} }
	for name, c := range map[string]struct {
		nsqd func(*nsqd.Options)
		link queue.Link
	}{
		"TLS with a client's certificate": {tls, with(func(l *queue.Link) { l.TLS, l.CAFile, l.CertFile, l.KeyFile = "tcp", ca.File, cert, key })},
		"AUTH":                            {auth, with(func(l *queue.Link) { l.Secret = "secret" })},
		"deflate":                         {nil, with(func(l *queue.Link) { l.Compression = "deflate" })},
		"snappy":                          {nil, with(func(l *queue.Link) { l.Compression = "snappy" })},
		"all of it": {func(o *nsqd.Options) { tls(o); auth(o) }, queue.Link{
			TLS: "tcp", CAFile: ca.File, CertFile: cert, KeyFile: key, Secret: "secret", Compression: "snappy",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := deptest.NSQWith(t, c.nsqd)
			url, arrivals := sinkOf(t, once(status(http.StatusGone)))
			start(t, n, url, func(s *settings) { s.Link = c.link })
			publishBy(t, c.link, n, "refused")
			receive(t, arrivals, "what is refused")
			publishBy(t, c.link, n, "taken")
			if got := receive(t, arrivals, "what is taken").body(); got != "taken" {
				t.Errorf("got %q", got)
			}
			testkit.Eventually(t, patience, "a dead letter is listed", func() bool {
				out, err := runDead(t, n, func(s *settings) { s.Link = c.link })
				return err == nil && len(idsOf(out, "refused")) == 1
			})
			if out, err := runDead(t, n, func(s *settings) { s.Link = c.link }, "drop", "all"); err != nil || !strings.Contains(out, "1 dropped, 0 left") {
				t.Errorf("%q, %v", out, err)
			}
		})
	}
}

// go-nsq would go on without TLS where nsqd offers none.
func TestNothingIsReadWithoutTheTLSThatIsSet(t *testing.T) {
	t.Parallel()
	ca := testcerts.New(t)
	cert, key := ca.Issue(t)
	secured := func(o *nsqd.Options) { o.TLSCert, o.TLSKey = cert, key }
	demanding := func(s *settings) { s.TLS, s.CAFile = "tcp", ca.File }

	t.Run("of an nsqd that is named", func(t *testing.T) {
		t.Parallel()
		n := deptest.NSQ(t)
		publish(t, n, "images", "plain")
		url, arrivals := sinkOf(t, nil)
		b, _ := start(t, n, url, demanding)
		reached := deptest.NSQWith(t, secured)
		other, _ := start(t, reached, url, demanding)
		testkit.Eventually(t, patience, "the other is ready", func() bool { return other.ready(t.Context()) == nil })
		publish(t, reached, "images", "encrypted")
		if got := receive(t, arrivals, "what came over TLS").body(); got != "encrypted" || b.ready(t.Context()) == nil {
			t.Errorf("%q was delivered; ready: %v", got, b.ready(t.Context()))
		}
	})
	t.Run("of an nsqd that nsqlookupd names", func(t *testing.T) {
		t.Parallel()
		lookupd := deptest.Lookupd(t)
		insecure, reached := deptest.NSQ(t, lookupd.TCP), deptest.NSQWith(t, secured, lookupd.TCP)
		publish(t, insecure, "images", "plain")
		publish(t, reached, "images", "encrypted")
		url, arrivals := sinkOf(t, nil)
		start(t, reached, url, func(s *settings) { demanding(s); s.Lookupds = []string{lookupd.HTTP} })
		if got := receive(t, arrivals, "what came over TLS").body(); got != "encrypted" {
			t.Errorf("%q was delivered", got)
		}
		publish(t, reached, "images", "more")
		if got := receive(t, arrivals, "more over TLS").body(); got != "more" {
			t.Errorf("%q was delivered", got)
		}
		if c := countsOf(t, insecure, "images", "process"); c.Published != 0 {
			t.Errorf("the insecure one has a channel: %+v", c)
		}
	})
	t.Run("of an nsqd that offers it no more", func(t *testing.T) {
		t.Parallel()
		var stripped atomic.Bool
		n := deptest.NSQWith(t, func(o *nsqd.Options) {
			if !stripped.Load() {
				secured(o)
			}
		})
		url, arrivals := sinkOf(t, nil)
		b, _ := start(t, n, url, demanding)
		testkit.Eventually(t, patience, "ready", func() bool { return b.ready(t.Context()) == nil })
		publish(t, n, "images", "encrypted")
		receive(t, arrivals, "what came over TLS")
		testkit.Eventually(t, patience, "it is finished", func() bool { return countsOf(t, n, "images", "process").left() == 0 })
		n.Stop()
		stripped.Store(true)
		n.Start(t)
		publish(t, n, "images", "plain")
		// It is asked whether it has TLS, and left; nothing else comes to its channel.
		time.Sleep(20 * 50 * time.Millisecond) // so many attempts to connect
		if c := countsOf(t, n, "images", "process"); c.ready() > 0 || c.InFlight > 0 || b.ready(t.Context()) == nil {
			t.Errorf("it is read from: %+v", c)
		}
		n.Stop()
		stripped.Store(false)
		n.Start(t)
		if got := receive(t, arrivals, "the message, over TLS").body(); got != "plain" {
			t.Errorf("got %q", got)
		}
		if len(arrivals) > 0 {
			t.Error("it was delivered without TLS, too")
		}
	})
}

func TestAllNamedNSQDsAreReadFrom(t *testing.T) {
	t.Parallel()
	first, second := nsqdWith(t), nsqdWith(t)
	second.Stop() // it is down at the start
	url, arrivals := sinkOf(t, func(w http.ResponseWriter, d arrival) {
		if strings.HasPrefix(d.body(), "bad") {
			w.WriteHeader(http.StatusGone)
		}
	})
	both := func(s *settings) {
		s.NSQ.Addresses, s.NSQ.HTTPAddresses = []string{second.TCP, first.TCP, first.TCP}, []string{second.HTTP, first.HTTP, first.HTTP}
	}
	b, _ := start(t, first, url, both)
	publish(t, first, "images", "from the first")
	receive(t, arrivals, "a message of the one that is there")
	if err := b.ready(t.Context()); err != nil {
		t.Errorf("one of two is there: %v", err)
	}
	second.Start(t)
	publish(t, second, "images", "from the second")
	receive(t, arrivals, "a message of the one that came later")
	first.Stop()
	publish(t, second, "images", "bad second")
	receive(t, arrivals, "the bad one of the second")
	first.Start(t)
	publish(t, first, "images", "bad first")
	receive(t, arrivals, "the bad one of the first")

	once := func(s *settings) {
		s.NSQ.Addresses, s.NSQ.HTTPAddresses = []string{second.TCP, first.TCP}, []string{second.HTTP, first.HTTP}
	}
	var listing string
	testkit.Eventually(t, patience, "each nsqd has its letter", func() bool {
		var err error
		listing, err = runDead(t, first, once)
		return err == nil && len(idsOf(listing, "bad first", "bad second")) == 2
	})
	ids := idsOf(listing, "bad first", "bad second")
	if _, err := runDead(t, first, once, "drop", ids[0], "0000000000000000"); err == nil || strings.Contains(err.Error(), ids[0]) || !strings.Contains(err.Error(), "0000000000000000") {
		t.Errorf("of one that is at another nsqd and one that is at none: %v", err)
	}
	if out, err := runDead(t, first, once, "drop", ids[1]); err != nil || strings.Count(out, "dropped "+ids[1]) != 1 {
		t.Errorf("%q, %v", out, err)
	}
	second.Stop()
	if out, err := runDead(t, first, once); err == nil || !strings.Contains(out, "no dead letter waits in images.dead at "+first.TCP) {
		t.Errorf("with one nsqd down: %q, %v; want an error about it, and the other's list", out, err)
	}
}

func TestWhyAnNSQDIsNotReadFromNamesTheSetting(t *testing.T) {
	t.Parallel()
	ca := testcerts.New(t)
	cert, key := ca.Issue(t)
	authentication := deptest.NSQAuth(t, map[string][]string{"writer": {"publish"}})
	authenticating := func(o *nsqd.Options) { o.AuthHTTPAddresses = []string{authentication} }
	for name, c := range map[string]struct {
		nsqd   func(*nsqd.Options)
		secret string
		names  string
	}{
		"no secret":                     {authenticating, "", "NSQD_AUTH_SECRET"},
		"a secret that is none":         {authenticating, "wrong", "NSQD_AUTH_SECRET"},
		"a secret that may not read":    {authenticating, "writer", "NSQD_AUTH_SECRET"},
		"TLS is asked for, and not set": {func(o *nsqd.Options) { o.TLSCert, o.TLSKey, o.TLSRequired = cert, key, nsqd.TLSRequired }, "", "NSQD_TLS=on"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := deptest.NSQWith(t, c.nsqd)
			s := defaults(t)
			s.NSQ.Addresses, s.Sink, s.Secret, s.Reconnect = []string{n.TCP}, "http://sink.example", c.secret, 50*time.Millisecond
			b := newImagesBridge(t, s)
			b.source.consumer.AddHandler(newCollector(1))
			testkit.Eventually(t, patience, "an error that names "+c.names, func() bool {
				err := b.source.connect(t.Context(), n.TCP)
				if err == nil || errors.Is(err, nsq.ErrAlreadyConnected) { // nsqd refuses it later
					err = b.source.connections.refusal(n.TCP)
				}
				return err != nil && strings.Contains(err.Error(), c.names)
			})
			b.source.stop()
			b.delivery.close()
		})
	}
}

// An nsqd is asked for TLS before go-nsq connects to it, which may find another there.
func TestAMessageThatCameWithoutTLSIsGivenBack(t *testing.T) {
	t.Parallel()
	s := defaults(t)
	s.Sink, s.TLS = "http://127.0.0.1:1", "tcp" // nobody listens there
	b := newImagesBridge(t, s)
	defer b.delivery.close()
	var answered responses
	message := nsq.NewMessage(nsq.MessageID{'1'}, []byte("plain"))
	message.NSQDAddress, message.Delegate = "127.0.0.1:4150", &answered
	const line = "INF    1 [images/process] (127.0.0.1:4150) "
	b.source.connections.observe(line + "upgrading to TLS")
	b.source.connections.observe(line + "connecting to nsqd")
	b.handle(t.Context(), message)
	if answered.requeued.Load() != 1 {
		t.Error("it was not requeued")
	}
}

// newImagesBridge makes the bridge of the topic images, which is not running.
func newImagesBridge(t *testing.T, s settings) *bridge {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	return testkit.Must(newBridge(s, s.topics()[0], prewarm.New(s.Prewarming, log), log))(t)
}
