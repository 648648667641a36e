package event_test

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lineup.dev/lineup/local/testcerts"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
)

// guardedSink is a sink with a certificate of the CA, which accepts the token alone.
func guardedSink(t *testing.T, ca *testcerts.CA, token string) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	certificate := testkit.Must(tls.LoadX509KeyPair(ca.Issue(t)))(t)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

func pemOf(t *testing.T, ca *testcerts.CA) string {
	t.Helper()
	return string(testkit.Must(os.ReadFile(ca.File))(t))
}

func write(t *testing.T, path, content string) string {
	t.Helper()
	testkit.Succeed(t, os.MkdirAll(filepath.Dir(path), 0o755))
	testkit.Succeed(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestASinkWithTLSThatAsksWhoSends(t *testing.T) {
	t.Parallel()
	ca, other := testcerts.New(t), testcerts.New(t)
	bundles, token := t.TempDir(), write(t, filepath.Join(t.TempDir(), "token"), "secret\n")
	write(t, filepath.Join(bundles, "bundle.pem"), pemOf(t, other)+pemOf(t, ca))
	write(t, filepath.Join(bundles, "..data", "hidden"), "not a certificate")
	write(t, filepath.Join(bundles, "another's"), "not a certificate")
	write(t, filepath.Join(bundles, "empty.pem"), "\n")
	write(t, filepath.Join(bundles, "folder", "more.pem"), "not a certificate")
	testkit.Succeed(t, os.Symlink("folder", filepath.Join(bundles, "link")))
	ofOther := t.TempDir()
	write(t, filepath.Join(ofOther, "bundle.pem"), pemOf(t, other))
	write(t, filepath.Join(ofOther, "broken.pem"), "not a certificate")
	address := guardedSink(t, ca, "secret")
	for name, c := range map[string]struct {
		trust    event.SinkTLS
		accepted bool
		detail   string
	}{
		"its CA in K_CA_CERTS":             {event.SinkTLS{CACerts: pemOf(t, ca), TokenFile: token}, true, ""},
		"its CA in a bundle":               {event.SinkTLS{TrustBundles: bundles, TokenFile: token}, true, ""},
		"no bundles are there":             {event.SinkTLS{CACerts: pemOf(t, ca), TrustBundles: "/nowhere", TokenFile: token}, true, ""},
		"another CA":                       {event.SinkTLS{CACerts: pemOf(t, other), TokenFile: token}, false, "certificate"},
		"another CA beside what is none":   {event.SinkTLS{TrustBundles: ofOther, TokenFile: token}, false, "SINK_TRUST_BUNDLES: broken.pem holds no certificate"},
		"the system's CAs alone":           {event.SinkTLS{TokenFile: token}, false, "certificate"},
		"no token":                         {event.SinkTLS{CACerts: pemOf(t, ca)}, false, ""},
		"a token's file that is not there": {event.SinkTLS{CACerts: pemOf(t, ca), TokenFile: "/nowhere"}, false, ""},
		"a token that cannot be read":      {event.SinkTLS{CACerts: pemOf(t, ca), TokenFile: bundles}, false, "SINK_TOKEN_FILE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := testkit.Must(event.NewSink(event.SinkSettings{Sink: address, SinkTLS: c.trust}, 1))(t)
			defer sink.Close()
			e := testkit.Must(event.Result(picture(lineup.Identified), 1, event.Trace{}))(t)
			a := sink.Send(t.Context(), e)
			if a.Accepted() != c.accepted || !strings.Contains(a.Detail, c.detail) {
				t.Errorf("%s; want accepted %v, detail %q", a, c.accepted, c.detail)
			}
			if untrusted := strings.Contains(a.Detail, "x509"); a.Untrusted != untrusted {
				t.Errorf("%s: untrusted is %v", a, a.Untrusted)
			}
		})
	}
}

func TestCAsAndTokensThatAreExchangedCount(t *testing.T) {
	t.Parallel()
	ca, bundles := testcerts.New(t), t.TempDir()
	bundle, token := filepath.Join(bundles, "bundle.pem"), filepath.Join(t.TempDir(), "token")
	write(t, bundle, pemOf(t, testcerts.New(t)))
	write(t, token, "old")
	sink := testkit.Must(event.NewSink(event.SinkSettings{Sink: guardedSink(t, ca, "new"), SinkTLS: event.SinkTLS{TrustBundles: bundles, TokenFile: token}}, 1))(t)
	defer sink.Close()
	e := testkit.Must(event.Result(picture(lineup.Identified), 1, event.Trace{}))(t)
	if a := sink.Send(t.Context(), e); a.Status != 0 {
		t.Fatalf("%s, want the certificate refused", a)
	}
	write(t, bundle, pemOf(t, ca))
	sink.Send(t.Context(), e) // by which it sees that the CAs are of no use, and reads them again
	if a := sink.Send(t.Context(), e); a.Status != http.StatusUnauthorized {
		t.Fatalf("%s, want the CA known and the token refused", a)
	}
	write(t, token, "new")
	if a := sink.Send(t.Context(), e); !a.Accepted() {
		t.Errorf("%s, want the event accepted", a)
	}
}

func TestCAsThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	bundles := t.TempDir()
	write(t, filepath.Join(bundles, "bundle.pem"), "hello")
	empty := t.TempDir()
	write(t, filepath.Join(empty, "bundle.pem"), "")
	testkit.Succeed(t, os.Mkdir(filepath.Join(empty, "folder"), 0o755))
	testkit.Succeed(t, event.SinkTLS{TrustBundles: empty}.Check())
	for setting, trust := range map[string]event.SinkTLS{"K_CA_CERTS": {CACerts: "hello"}, "SINK_TRUST_BUNDLES": {TrustBundles: bundles}} {
		if err := trust.Check(); err == nil || !strings.Contains(err.Error(), setting) {
			t.Errorf("%v, want an error that names %s", err, setting)
		}
	}
}

func TestBundlesThatAreNoFolderAreNamed(t *testing.T) {
	t.Parallel()
	file := write(t, filepath.Join(t.TempDir(), "ca.pem"), "")
	if err := (event.SinkTLS{TrustBundles: file}).Check(); err == nil || !strings.Contains(err.Error(), "SINK_TRUST_BUNDLES="+file) {
		t.Errorf("%v, want an error that names %s", err, file)
	}
}

func TestATokenThatCanBeReadOnItsWayIsWarnedOf(t *testing.T) {
	t.Parallel()
	token := write(t, filepath.Join(t.TempDir(), "token"), "secret")
	for name, c := range map[string]struct {
		sink, file string
		want       int
	}{
		"over http":        {"http://sink", token, 1},
		"over TLS":         {"https://sink", token, 0},
		"there is no file": {"http://sink", "/nowhere", 0},
	} {
		warned := new(warnings)
		event.SinkSettings{Sink: c.sink, SinkTLS: event.SinkTLS{TokenFile: c.file}}.WarnOfPlainToken(slog.New(warned))
		if warned.count != c.want {
			t.Errorf("%s: %d warnings, want %d", name, warned.count, c.want)
		}
	}
}

// warnings counts what is logged from Warn on.
type warnings struct {
	slog.Handler
	count int
}

func (w *warnings) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }
func (w *warnings) Handle(context.Context, slog.Record) error        { w.count++; return nil }
