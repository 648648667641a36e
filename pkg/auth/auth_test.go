package auth_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/serve"
)

// line is one of a file of keys.
func line(name, key string) string {
	return fmt.Sprintf("%s %x\n", name, sha256.Sum256([]byte(key)))
}

func write(t *testing.T, file, content string) {
	t.Helper()
	testkit.Succeed(t, os.WriteFile(file, []byte(content), 0o600))
}

// keysFile is a file of keys with that content.
func keysFile(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys")
	write(t, file, content)
	return file
}

// guarded is a handler that answers with the caller's name, behind authentication.
type guarded struct {
	http.Handler
	log    *bytes.Buffer
	errors *atomic.Int32 // logged
}

// countErrors counts the records of level error.
type countErrors struct {
	slog.Handler
	errors *atomic.Int32
}

func (c countErrors) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError {
		c.errors.Add(1)
	}
	return c.Handler.Handle(ctx, r)
}

func guard(t *testing.T, s auth.Settings) guarded {
	t.Helper()
	if s.Hosts == nil {
		s.Hosts = []string{"example.com", "lineup.example"} // whom the tests ask
	}
	g := guarded{log: new(bytes.Buffer), errors: new(atomic.Int32)}
	a := testkit.Must(auth.New(s, slog.New(countErrors{slog.NewTextHandler(g.log, nil), g.errors})))(t)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, auth.Caller(r.Context()).Value)
	})
	isPublic := func(r *http.Request) bool { return r.URL.Path == "/public" }
	isUncounted := func(r *http.Request) bool { return r.URL.Path == "/uncounted" }
	g.Handler = a.Guard(handler, auth.Exceptions{Public: isPublic, Uncounted: isUncounted}, func(w http.ResponseWriter, r *http.Request, p serve.Problem) { p.Write(w, false) })
	return g
}

// ask gives the answer to a request with these headers, name and value in turn.
func (g guarded) ask(t *testing.T, method, url string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, url, nil)
	for i := 0; i < len(header); i += 2 {
		request.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, request)
	return w
}

func (g guarded) status(t *testing.T, key string) int {
	t.Helper()
	return g.ask(t, "GET", "http://lineup.example/", "Authorization", "Bearer "+key).Code
}

func TestWithoutAFileNoKeyIsNeeded(t *testing.T) {
	t.Parallel()
	g := guard(t, auth.Settings{RateLimit: 1, RateBurst: 1})
	for range 3 {
		if w := g.ask(t, "POST", "/"); w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "private, no-cache" {
			t.Errorf("%d %v", w.Code, w.Header())
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	g := guard(t, auth.Settings{KeysFile: keysFile(t, "# who may\n\n"+line("phone", "hunter2")+"  "+strings.TrimSpace(line("cron", "s3same"))+" # at night")})
	for name, c := range map[string]struct {
		authorization string
		caller        string // "": refused
	}{
		"nothing":                            {"", ""},
		"a key":                              {"Bearer hunter2", "phone"},
		"another key":                        {"Bearer s3same", "cron"},
		"the scheme in other letters":        {"bEARER  hunter2 ", "phone"},
		"a key that is none":                 {"Bearer hunter3", ""},
		"a key that is longer":               {"Bearer hunter22", ""},
		"an empty one":                       {"Bearer ", ""},
		"the hash in place of the key":       {"Bearer " + strings.Fields(line("phone", "hunter2"))[1], ""},
		"another scheme":                     {"Digest hunter2", ""},
		"a key as a browser sends it":        {basic("anybody", "hunter2"), "phone"},
		"a key as password of nobody":        {basic("", "s3same"), "cron"},
		"a key as the name, not as password": {basic("hunter2", ""), ""},
		"a password that is none":            {basic("phone", "hunter3"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var header []string
			if c.authorization != "" {
				header = []string{"Authorization", c.authorization}
			}
			w := g.ask(t, "GET", "/", header...)
			if c.caller != "" {
				if w.Code != http.StatusOK || w.Body.String() != c.caller || w.Header().Get("Cache-Control") != "no-store" {
					t.Errorf("%d %s %v, want %s", w.Code, w.Body, w.Header(), c.caller)
				}
				return
			}
			if w.Code != http.StatusUnauthorized || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%d %s, want 401 as a problem", w.Code, w.Body)
			}
			if got := strings.Join(w.Header().Values("WWW-Authenticate"), ", "); got != `Bearer realm="lineup", Basic realm="lineup", charset="UTF-8"` {
				t.Errorf("WWW-Authenticate: %s", got)
			}
		})
	}
	if w := g.ask(t, "POST", "/public"); w.Code != http.StatusOK {
		t.Errorf("a public route needs a key: %d", w.Code)
	}
	for _, secret := range []string{"hunter", "s3same"} {
		if strings.Contains(g.log.String(), secret) {
			t.Errorf("the log holds a key:\n%s", g.log)
		}
	}
}

func basic(user, password string) string {
	r := httptest.NewRequest("GET", "/", nil)
	r.SetBasicAuth(user, password)
	return r.Header.Get("Authorization")
}

func TestKeysAreReadAgain(t *testing.T) {
	t.Parallel()
	both := line("phone", "one") + line("cron", "two")
	for name, c := range map[string]struct {
		change   func(t *testing.T, file string)
		one, two bool // whether the key is accepted afterwards; before, only one is
		errors   int32
	}{
		"a key is added":             {func(t *testing.T, file string) { write(t, file, both) }, true, true, 0},
		"a key is taken away":        {func(t *testing.T, file string) { write(t, file, line("cron", "two")) }, false, true, 0},
		"the file is gone":           {func(t *testing.T, file string) { testkit.Succeed(t, os.Remove(file)) }, true, false, 1},
		"the file is broken":         {func(t *testing.T, file string) { write(t, file, both+"tablet") }, true, false, 1},
		"the last key is taken away": {func(t *testing.T, file string) { write(t, file, "") }, false, false, 0},
		"only a comment is left":     {func(t *testing.T, file string) { write(t, file, "# phone\n") }, false, false, 0},
		"another file is in its place": {func(t *testing.T, file string) {
			other := keysFile(t, both)
			testkit.Succeed(t, os.Rename(other, file))
		}, true, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := keysFile(t, line("phone", "one"))
			synctest.Test(t, func(t *testing.T) {
				g := guard(t, auth.Settings{KeysFile: file})
				c.change(t, file)
				if g.status(t, "one") != http.StatusOK || g.status(t, "two") != http.StatusUnauthorized {
					t.Error("the file is looked at for every request")
				}
				for range 3 {
					time.Sleep(time.Second) // of the test's own clock
					for key, accepted := range map[string]bool{"one": c.one, "two": c.two} {
						if got := g.status(t, key); (got == http.StatusOK) != accepted {
							t.Errorf("key %s: %d", key, got)
						}
					}
				}
				if got := g.errors.Load(); got != c.errors {
					t.Errorf("%d errors are logged, want %d:\n%s", got, c.errors, g.log)
				}
			})
		})
	}
}

// A mounted Secret is a link to a link to a folder, and the link in the middle is
// exchanged. The file behind keeps its size, and its time may be anything.
func TestAMountedSecretIsReadAgain(t *testing.T) {
	t.Parallel()
	dir, then := t.TempDir(), time.Now()
	for version, key := range map[string]string{"v1": "one", "v2": "two"} {
		testkit.Succeed(t, os.Mkdir(filepath.Join(dir, version), 0o700))
		file := filepath.Join(dir, version, "keys")
		write(t, file, line("phone", key))
		testkit.Succeed(t, os.Chtimes(file, then, then))
	}
	testkit.Succeed(t, os.Symlink("v1", filepath.Join(dir, "..data")))
	testkit.Succeed(t, os.Symlink("..data/keys", filepath.Join(dir, "keys")))
	synctest.Test(t, func(t *testing.T) {
		g := guard(t, auth.Settings{KeysFile: filepath.Join(dir, "keys")})
		testkit.Succeed(t, os.Symlink("v2", filepath.Join(dir, "new")))
		testkit.Succeed(t, os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "..data")))
		time.Sleep(time.Second)
		if one, two := g.status(t, "one"), g.status(t, "two"); one != http.StatusUnauthorized || two != http.StatusOK {
			t.Errorf("the old key gets %d, the new one %d", one, two)
		}
	})
}

func TestAnInvalidFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ content, says string }{
		"is empty":               {"", "no key"},
		"holds comments only":    {"# phone\n", "no key"},
		"holds a key, no hash":   {"phone hunter2hunter2", "line 1"},
		"holds a hash alone":     {strings.Fields(line("phone", "x"))[1], "line 1"},
		"holds a third column":   {"# keys\n" + strings.TrimSpace(line("phone", "x")) + " hunter2", "line 2"},
		"holds half a hash":      {line("phone", "x")[:20], "sha256sum"},
		"holds a very long name": {line(strings.Repeat("n", 101), "x"), "line 1"},
		"is too large":           {strings.Repeat("#", 1<<20+1), "1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := auth.New(auth.Settings{KeysFile: keysFile(t, c.content)}, slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "API_KEYS_FILE") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v; want an error that names API_KEYS_FILE, says %q and shows no key", err, c.says)
			}
		})
	}
	_, err := auth.New(auth.Settings{KeysFile: filepath.Join(t.TempDir(), "none")}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "next: make it") {
		t.Errorf("no file at all: %v; want an error that says what to do", err)
	}
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	file := keysFile(t, line("phone", "old")+line("phone", "new")+line("cron", "other"))
	synctest.Test(t, func(t *testing.T) {
		g := guard(t, auth.Settings{KeysFile: file, RateLimit: 0.5, RateBurst: 3})
		for range 3 {
			if got := g.status(t, "old"); got != http.StatusOK {
				t.Fatalf("%d within the burst", got)
			}
		}
		w := g.ask(t, "GET", "/", "Authorization", "Bearer new")
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "2" || w.Header().Get("WWW-Authenticate") != "" {
			t.Errorf("%d, Retry-After %q; want 429 and 2, also with the same caller's other key", w.Code, w.Header().Get("Retry-After"))
		}
		if got := g.status(t, "other"); got != http.StatusOK {
			t.Errorf("another caller gets %d", got)
		}
		write(t, file, line("phone", "old")) // read again, who called is not forgotten
		time.Sleep(1900 * time.Millisecond)
		if got := g.status(t, "old"); got != http.StatusTooManyRequests {
			t.Errorf("%d before the time is over", got)
		}
		time.Sleep(100 * time.Millisecond)
		if got := g.status(t, "old"); got != http.StatusOK {
			t.Errorf("%d after the time is over", got)
		}
		free := guard(t, auth.Settings{KeysFile: file})
		for range 1000 {
			if got := free.status(t, "old"); got != http.StatusOK {
				t.Fatalf("%d with RATE_LIMIT=0", got)
			}
		}
	})
}

func TestARateIsANumberThatMakesSense(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{-1, math.NaN(), math.Inf(1)} {
		if err := serve.Check(&auth.Settings{RateLimit: rate, RateBurst: 1}); err == nil || !strings.Contains(err.Error(), "RATE_LIMIT") {
			t.Errorf("%g: got %v, want an error about RATE_LIMIT", rate, err)
		}
	}
}

func TestARateNeedsABurst(t *testing.T) {
	t.Parallel()
	if err := (auth.Settings{RateLimit: 1}).Check(); err == nil || !strings.Contains(err.Error(), "RATE_BURST") {
		t.Errorf("got %v, want an error about RATE_BURST", err)
	}
	for _, s := range []auth.Settings{{}, {RateBurst: 1}, {RateLimit: 0.5, RateBurst: 1}} {
		if err := s.Check(); err != nil {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

func TestEveryFaultIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	err := serve.Check(&auth.Settings{
		KeysFile: filepath.Join(t.TempDir(), "none"), RateLimit: 1,
		TrustedOrigins: []string{"https://page.example", "page.example", "https://page.example/path"},
	})
	if err == nil {
		t.Fatal("settings that cannot work are accepted")
	}
	lines := strings.Split(err.Error(), "\n")
	for i, want := range []string{"RATE_BURST is 0", "API_KEYS_FILE: ", `TRUSTED_ORIGINS: invalid origin "page.example"`, `TRUSTED_ORIGINS: invalid origin "https://page.example/path"`} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
			t.Errorf("fault %d of %q does not begin with %q", i, lines, want)
		}
	}
}

func TestPostsOfOtherSites(t *testing.T) {
	t.Parallel()
	g := guard(t, auth.Settings{TrustedOrigins: []string{"https://page.example"}})
	for name, c := range map[string]struct {
		method string
		header []string
		in     bool
	}{
		"curl, a Broker":                      {"POST", nil, true},
		"a form of the same site":             {"POST", []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://lineup.example"}, true},
		"the user, by hand":                   {"POST", []string{"Sec-Fetch-Site", "none"}, true},
		"a form of another site":              {"POST", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, false},
		"text that is JSON, of another site":  {"POST", []string{"Sec-Fetch-Site", "cross-site", "Content-Type", "text/plain"}, false},
		"a form of a neighbour":               {"POST", []string{"Sec-Fetch-Site", "same-site", "Origin", "http://x.lineup.example"}, false},
		"an old browser on another site":      {"POST", []string{"Origin", "https://evil.example"}, false},
		"an old browser on the same site":     {"POST", []string{"Origin", "http://lineup.example"}, true},
		"a page in a sandbox":                 {"POST", []string{"Origin", "null"}, false},
		"a link on another site":              {"GET", []string{"Sec-Fetch-Site", "cross-site"}, true},
		"a form of a site that is trusted":    {"POST", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://page.example"}, true},
		"a public route, from another site":   {"POST", []string{"Sec-Fetch-Site", "cross-site"}, false},
		"another site that changes something": {"DELETE", []string{"Sec-Fetch-Site", "cross-site"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := g.ask(t, c.method, "http://lineup.example/public", c.header...)
			if (w.Code == http.StatusOK) != c.in || !c.in && (w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "TRUSTED_ORIGINS")) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	if _, err := auth.New(auth.Settings{TrustedOrigins: []string{"page.example"}}, nil); err == nil || !strings.Contains(err.Error(), "TRUSTED_ORIGINS") {
		t.Errorf("an origin without a scheme: %v", err)
	}
}

func TestPagesOfTrustedOriginsReadTheAnswers(t *testing.T) {
	t.Parallel()
	const trusted = "https://page.example"
	g := guard(t, auth.Settings{TrustedOrigins: []string{trusted}, KeysFile: keysFile(t, line("phone", "one"))})
	for name, c := range map[string]struct {
		method  string
		header  []string
		status  int
		allowed string
		methods string
	}{
		"its browser asks whether it may": {http.MethodOptions, []string{"Origin", trusted, "Access-Control-Request-Method", "POST"}, http.StatusNoContent, trusted, "GET, HEAD, POST, PATCH, DELETE"},
		"it posts":                        {http.MethodPost, []string{"Origin", trusted, "Sec-Fetch-Site", "cross-site", "Authorization", "Bearer one"}, http.StatusOK, trusted, ""},
		"it posts without a key":          {http.MethodPost, []string{"Origin", trusted, "Sec-Fetch-Site", "cross-site"}, http.StatusUnauthorized, trusted, ""},
		"another's browser asks":          {http.MethodOptions, []string{"Origin", "https://evil.example", "Access-Control-Request-Method", "POST"}, http.StatusUnauthorized, "", ""},
		"another reads":                   {http.MethodGet, []string{"Origin", "https://evil.example", "Authorization", "Bearer one"}, http.StatusOK, "", ""},
		"nobody asks for another's page":  {http.MethodGet, []string{"Authorization", "Bearer one"}, http.StatusOK, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := g.ask(t, c.method, "/", c.header...)
			h := got.Header()
			if got.Code != c.status || h.Get("Access-Control-Allow-Origin") != c.allowed || h.Get("Access-Control-Allow-Methods") != c.methods || h.Get("Vary") != "Origin" {
				t.Errorf("%d %v, want %d for %q by %q", got.Code, h, c.status, c.allowed, c.methods)
			}
			exposed := ""
			if c.allowed != "" { // what a browser hides from a page unless it is named
				exposed = "ETag, Lineup-Change, Location, Preference-Applied, Retry-After"
			}
			if h.Get("Access-Control-Expose-Headers") != exposed {
				t.Errorf("%v, want %q exposed", h, exposed)
			}
		})
	}
}

func TestAKeyMayHaveTheRightToReadAlone(t *testing.T) {
	t.Parallel()
	g := guard(t, auth.Settings{KeysFile: keysFile(t, line("phone", "hunter2")+strings.TrimSpace(line("wall", "s3same"))+" read\n")})
	for _, c := range []struct {
		method, key string
		status      int
	}{
		{"GET", "s3same", 200}, {"HEAD", "s3same", 200}, {"OPTIONS", "s3same", 200},
		{"POST", "s3same", 403}, {"PATCH", "s3same", 403}, {"DELETE", "s3same", 403}, {"PUT", "s3same", 403},
		{"POST", "hunter2", 200}, {"DELETE", "hunter2", 200}, {"GET", "hunter2", 200},
	} {
		if w := g.ask(t, c.method, "/", "Authorization", "Bearer "+c.key); w.Code != c.status {
			t.Errorf("%s with %s: %d, want %d", c.method, c.key, w.Code, c.status)
		}
	}
	for name, words := range map[string]string{"a right that is none": " write", "too many words": " read read"} {
		if err := (auth.Settings{RateBurst: 1, KeysFile: keysFile(t, strings.TrimSpace(line("wall", "s3same"))+words)}).Check(); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsHandedOnIsNotCounted(t *testing.T) {
	t.Parallel()
	g := guard(t, auth.Settings{KeysFile: keysFile(t, line("phone", "hunter2")), RateLimit: 0.001, RateBurst: 1})
	for range 3 {
		if w := g.ask(t, "POST", "/uncounted", "Authorization", "Bearer hunter2"); w.Code != http.StatusOK {
			t.Errorf("handed on: %d", w.Code)
		}
	}
	if w := g.ask(t, "POST", "/uncounted", "Authorization", "Bearer hunter3"); w.Code != http.StatusUnauthorized {
		t.Errorf("with a key that is none: %d", w.Code)
	}
	if first, second := g.status(t, "hunter2"), g.status(t, "hunter2"); first != 200 || second != 429 {
		t.Errorf("counted: %d, %d", first, second)
	}
}

func TestWithoutKeysOnlyKnownHostsAreAnswered(t *testing.T) {
	t.Parallel()
	g := guard(t, auth.Settings{Hosts: []string{"Lineup.example", "*.pictures.example"}})
	for host, status := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "view.localhost:8080": 200, "127.0.0.1:8080": 200, "[::1]:8080": 200, "[::1]": 200,
		"192.168.1.7:8080": 200, "view": 200, "receive.lineup.svc.cluster.local": 200, "view.lineup.svc": 200,
		"lineup.example": 200, "LINEUP.example.:443": 200, "a.pictures.example": 200,
		"pictures.example": 421, "evilpictures.example": 421, "evil.example": 421, "evil.example:8080": 421, "localhost.evil.example": 421,
		"127.0.0.1.evil.example": 421, "svc.evil.example": 421,
	} {
		if w := g.ask(t, "GET", "http://"+host+"/"); w.Code != status {
			t.Errorf("Host %s: %d, want %d", host, w.Code, status)
		}
	}
	if w := guard(t, auth.Settings{Hosts: []string{"*"}}).ask(t, "GET", "http://evil.example/"); w.Code != 200 {
		t.Errorf("any host: %d", w.Code)
	}
	keys := keysFile(t, line("phone", "hunter2"))
	if w := guard(t, auth.Settings{KeysFile: keys}).ask(t, "GET", "http://evil.example/", "Authorization", "Bearer hunter2"); w.Code != 200 {
		t.Errorf("with a key: %d", w.Code)
	}
}
