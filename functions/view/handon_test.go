package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/serve"
)

// receiver is what requests are handed on to.
type receiver struct {
	url  string
	seen chan *http.Request // whose body is read
	body chan string
}

func newReceiver(t *testing.T) receiver {
	t.Helper()
	r := receiver{seen: make(chan *http.Request, 10), body: make(chan string, 10)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return
		}
		r.seen <- request
		r.body <- string(body)
		serve.Secure(w.Header())
		w.Header().Set("Location", "/api/v1/people/7")
		serve.JSON(w, http.StatusCreated, map[string]int{"id": 7})
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// with are the options by which a site hands on to it.
func (r receiver) with(writes string) func(*Options) {
	return func(o *Options) { o.ReceiveURL, o.Writes = r.url, writes }
}

func post(t *testing.T, method, url, body string, header ...string) reply {
	t.Helper()
	request := testkit.Must(http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body)))(t)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response := testkit.Must(http.DefaultClient.Do(request))(t)
	defer response.Body.Close()
	return reply{response.StatusCode, response.Header, string(testkit.Must(io.ReadAll(response.Body))(t))}
}

func TestWhatWritesIsHandedOnWithoutWhatABrowserAdds(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	s := newSite(t, r.with("on"))
	for method, path := range map[string]string{http.MethodPost: "/api/v1/people?a=b", http.MethodPatch: "/api/v1/people/7?a=b", http.MethodDelete: "/api/v1/images/7?a=b"} {
		got := post(t, method, s.url+path, `{"name":"Dad"}`,
			"Origin", s.url, "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Cookie", "a=b", "Authorization", "Bearer hunter2", "Prefer", "wait=3")
		if got.status != http.StatusCreated || got.body != `{"id":7}`+"\n" || got.header.Get("Location") != "/api/v1/people/7" {
			t.Errorf("%s: %d %v %s", method, got.status, got.header, got.body)
		}
		for name, values := range got.header {
			if len(values) != 1 {
				t.Errorf("%s: the answer has %s twice: %q", method, name, values)
			}
		}
		seen, body := <-r.seen, <-r.body
		if seen.Method != method || seen.URL.String() != path || body != `{"name":"Dad"}` || "http://"+seen.Host != r.url {
			t.Errorf("%s: handed on was %s %s to %s, %q", method, seen.Method, seen.URL, seen.Host, body)
		}
		for _, name := range []string{"Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Cookie"} {
			if value := seen.Header.Get(name); value != "" {
				t.Errorf("%s: %s: %s was handed on", method, name, value)
			}
		}
		if seen.Header.Get("Authorization") != "Bearer hunter2" || seen.Header.Get("Prefer") != "wait=3" {
			t.Errorf("%s: handed on were %v", method, seen.Header)
		}
	}
	if got := post(t, http.MethodPost, s.url+"/api/v1/people", "", "Origin", "https://evil.example"); got.status != http.StatusForbidden {
		t.Errorf("of another site: %d %s", got.status, got.body)
	}
	if got := post(t, http.MethodPost, s.url+"/people", ""); got.status != http.StatusBadRequest {
		t.Errorf("at a page's address: %d %s", got.status, got.body)
	}
	if got := post(t, http.MethodPut, s.url+"/api/v1/people", ""); got.status != http.StatusMethodNotAllowed {
		t.Errorf("by PUT: %d %s", got.status, got.body)
	}
	if len(r.seen) != 0 {
		t.Errorf("%d more were handed on", len(r.seen))
	}
}

func TestAllowNamesWhatReceiveAnswersToo(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	s := newSite(t, r.with("on"))
	for _, c := range []struct{ method, path, allow string }{
		{http.MethodPut, "images", "GET, HEAD, POST"},
		{http.MethodPatch, "images", "GET, HEAD, POST"},
		{http.MethodPost, "images/7", "DELETE, GET, HEAD"},
		{http.MethodPost, "people/7", "DELETE, GET, HEAD, PATCH"},
		{http.MethodPost, "stats", "GET, HEAD"},
	} {
		got := post(t, c.method, s.url+"/api/v1/"+c.path, "")
		if got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, Allow: %s; want 405 and %s", c.method, c.path, got.status, got.header.Get("Allow"), c.allow)
		}
	}
	if got := post(t, http.MethodGet, s.url+"/api/v1/faces/7", ""); got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != "PATCH" {
		t.Errorf("to read what can only be written: %d %v", got.status, got.header)
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if got := post(t, method, s.url+"/api/v1/nothing", ""); got.status != http.StatusNotFound {
			t.Errorf("%s nothing: %d %s", method, got.status, got.body)
		}
	}
	if len(r.seen) != 0 {
		t.Errorf("%d were handed on", len(r.seen))
	}
}

func TestWithoutKeysNothingIsHandedOnUnlessWritesIsOn(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	s := newSite(t, r.with("off"))
	got := post(t, http.MethodPost, s.url+"/api/v1/people", `{"name":"Dad"}`)
	if got.status != http.StatusForbidden || !strings.Contains(got.body, "urn:lineup:problem:writes-off") || !strings.Contains(got.body, "WRITES=on") || len(r.seen) != 0 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestWithKeysRightsCountHereAndTheRateAtReceive(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	file := filepath.Join(t.TempDir(), "keys")
	testkit.Succeed(t, os.WriteFile(file, fmt.Appendf(nil, "phone %x\nwall %x read\n", sha256.Sum256([]byte("hunter2")), sha256.Sum256([]byte("s3same"))), 0o600))
	dsn := deptest.Migrated(t)
	s := serveSiteWithAuth(t, auth.Settings{KeysFile: file, RateLimit: 0.001, RateBurst: 2}, dsn, r.with("off"))
	for range 3 {
		if got := post(t, http.MethodPost, s.url+"/api/v1/people", "{}", "Authorization", "Bearer hunter2"); got.status != http.StatusCreated {
			t.Errorf("with a key: %d %s", got.status, got.body)
		}
	}
	if got := post(t, http.MethodPost, s.url+"/api/v1/people", "{}", "Authorization", "Bearer s3same"); got.status != http.StatusForbidden {
		t.Errorf("with a key that may only read: %d %s", got.status, got.body)
	}
	if got := post(t, http.MethodPost, s.url+"/api/v1/people", "{}"); got.status != http.StatusUnauthorized {
		t.Errorf("without a key: %d %s", got.status, got.body)
	}
	if got := s.get(t, "/api/v1/people", "Authorization", "Bearer s3same"); got.status != http.StatusOK {
		t.Errorf("reading: %d %s", got.status, got.body)
	}
}

func TestWhereReceiveIsAwayTheClientIsToldToComeBack(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	s := newSite(t, r.with("on"), func(o *Options) { o.ReceiveURL = "http://127.0.0.1:1" })
	got := post(t, http.MethodPost, s.url+"/api/v1/people", "{}")
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") != "5" || !strings.Contains(got.body, "urn:lineup:problem:receive-away") {
		t.Errorf("%d %v %s", got.status, got.header, got.body)
	}
}

func TestABodyStreams(t *testing.T) {
	t.Parallel()
	begun, end := make(chan string), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		first := make([]byte, 5)
		io.ReadFull(request.Body, first)
		begun <- string(first)
		<-end
		rest, _ := io.ReadAll(request.Body)
		fmt.Fprint(w, len(rest))
	}))
	t.Cleanup(server.Close)
	s := newSite(t, func(o *Options) {
		o.ReceiveURL, o.Writes = server.URL, "on"
		o.RequestTimeout = time.Millisecond // that of answers from the database
	})
	body, writer := io.Pipe()
	answer := make(chan string, 1)
	go func() {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/api/v1/images", body)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		answer <- string(text)
	}()
	testkit.Must(writer.Write([]byte("first")))(t)
	if first := <-begun; first != "first" {
		t.Errorf("first came %q", first)
	}
	close(end)
	testkit.Must(writer.Write(bytes.Repeat([]byte("x"), 1<<20)))(t)
	testkit.Succeed(t, writer.Close())
	if got := <-answer; got != fmt.Sprint(1<<20) {
		t.Errorf("the answer is %s", got)
	}
}
