package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

const aKey = "Bearer hunter2"

// systemWithKey is a system that needs aKey.
func systemWithKey(t *testing.T) *system {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys")
	testkit.Succeed(t, os.WriteFile(file, fmt.Appendf(nil, "phone %x\n", sha256.Sum256([]byte("hunter2"))), 0o600))
	return newSystemWithKeys(t, file)
}

func TestEveryRouteNeedsTheKeyAndHasTheHeaders(t *testing.T) {
	s := systemWithKey(t)
	photos, photosKind := multipartBody(t, "image", "\xff\xd8\xff one")
	person, personKind := personBody(t, "Ann", "\xff\xd8\xff one")
	structured := `{"specversion":"1.0","type":"dev.knative.sources.ping","source":"/test","id":"1"}`
	for name, c := range map[string]struct {
		path, body string
		header     []string
		status     int // with the key
	}{
		"a path":                {"/image/post", `{"path":"a.jpg"}`, nil, 202},
		"paths":                 {"/images/post", `{"paths":[{"path":"a.jpg"}]}`, nil, 202},
		"JSON at the root":      {"/", `{"path":"a.jpg"}`, nil, 202},
		"an event":              {"/", `{"path":"a.jpg"}`, []string{"Ce-Specversion", "1.0", "Ce-Type", "dev.lineup.image.submitted", "Ce-Source", "/test", "Ce-Id", "7", "Content-Type", "application/json"}, 202},
		"an undelivered event":  {"/dead", `{"path":"a.jpg"}`, []string{"Ce-Specversion", "1.0", "Ce-Type", "dev.lineup.image.submitted", "Ce-Source", "/test", "Ce-Id", "7", "Content-Type", "application/json"}, 202},
		"a picture":             {"/images", "\xff\xd8\xff one", []string{"Content-Type", "image/jpeg"}, 202},
		"a form of pictures":    {"/images", photos, []string{"Content-Type", photosKind}, 202},
		"a form of a person":    {"/people", person, []string{"Content-Type", personKind}, 202},
		"a malformed one":       {"/image/post", `{`, nil, 400},
		"a path that is none":   {"/image/post", `{"path":""}`, nil, 422},
		"no such address":       {"/nothing", ``, nil, 404},
		"a ping in its body":    {"/", structured, []string{"Content-Type", "application/cloudevents+json"}, 202},
		"a ping by header only": {"/", structured, []string{"Content-Type", "application/cloudevents-batch+json", "Ce-Specversion", "1.0", "Ce-Type", "dev.knative.sources.ping"}, 400},
	} {
		t.Run(name, func(t *testing.T) {
			for _, asJSON := range []bool{false, true} {
				header := c.header
				if asJSON {
					header = append([]string{"Accept", "application/json"}, header...)
				}
				without := s.do(t, c.path, c.body, header...)
				text := strings.HasSuffix(c.path, "/post") && !asJSON
				if kind := without.header.Get("Content-Type"); without.status != 401 || without.header.Get("WWW-Authenticate") == "" ||
					(kind == "application/problem+json") == text || text && strings.Count(without.body, "\n") != 1 {
					t.Errorf("without the key: %d %s %s", without.status, kind, without.body)
				}
				with := s.do(t, c.path, c.body, append([]string{"Authorization", aKey}, header...)...)
				if with.status != c.status {
					t.Errorf("with the key: %d %s, want %d", with.status, with.body, c.status)
				}
				elsewhere := s.do(t, c.path, c.body, append([]string{"Authorization", aKey, "Sec-Fetch-Site", "cross-site"}, header...)...)
				if elsewhere.status != http.StatusForbidden {
					t.Errorf("from another site: %d %s, want 403", elsewhere.status, elsewhere.body)
				}
				for _, r := range []reply{without, with, elsewhere} {
					for name, want := range map[string]string{
						"Content-Security-Policy":      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
						"X-Content-Type-Options":       "nosniff",
						"X-Frame-Options":              "DENY",
						"Referrer-Policy":              "no-referrer",
						"Cross-Origin-Resource-Policy": "same-origin",
						"Cross-Origin-Opener-Policy":   "same-origin",
					} {
						if got := r.header.Get(name); got != want {
							t.Errorf("status %d: %s is %q", r.status, name, got)
						}
					}
					if got := r.header.Get("Cache-Control"); got != "no-store" && r.status != http.StatusForbidden {
						t.Errorf("status %d: Cache-Control is %q", r.status, got)
					}
				}
			}
		})
	}
}

func TestThePingNeedsNoKeyAndSubmitsNothing(t *testing.T) {
	s := systemWithKey(t)
	s.sweeper.Interval = time.Hour
	ping := []string{"Ce-Specversion", "1.0", "Ce-Type", "dev.knative.sources.ping", "Ce-Source", "/test", "Ce-Id", "1"}
	testkit.Must(s.store.Submit(t.Context(), store.Paths("a.jpg")))(t)
	got := s.do(t, "/", `{"path":"smuggled.jpg"}`, append(ping, "Content-Type", "application/json")...)
	if got.status != http.StatusAccepted || got.body != "" {
		t.Errorf("%d %s, want 202", got.status, got.body)
	}
	if n := s.depth(t); n != 1 {
		t.Errorf("%d hints on the queue, want the one that was due", n)
	}
	if got := s.do(t, "/image/post", `{"path":"smuggled.jpg"}`, ping...); got.status != http.StatusUnauthorized {
		t.Errorf("at another address: %d %s", got.status, got.body)
	}
	if rows, _, err := s.store.Images(t.Context(), store.Filter{Limit: 5}); err != nil || len(rows) != 1 {
		t.Errorf("there are the rows %v, %v", rows, err)
	}
}

func TestABodyThatComesTooSlowlyIsAnswered408(t *testing.T) {
	s := newSystem(t)
	slow := &serve.Problem{Status: http.StatusRequestTimeout, Detail: "too slowly"} // as pkg/serve's body does
	for name, c := range map[string]struct{ path, begins, kind string }{
		"JSON":                  {"/image/post", `{"path":`, ""},
		"a structured event":    {"/", `{"specversion":"1.0"`, "application/cloudevents+json"},
		"a batch":               {"/", `[{"specversion":"1.0"`, "application/cloudevents-batch+json"},
		"a picture":             {"/images", "\xff\xd8\xff", "image/jpeg"},
		"a form":                {"/images", "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\n\xff", "multipart/form-data; boundary=b"},
		"a form before its end": {"/people", "--b\r\n", "multipart/form-data; boundary=b"},
	} {
		t.Run(name, func(t *testing.T) {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, c.path, io.MultiReader(strings.NewReader(c.begins), iotest.ErrReader(slow)))
			request.Header.Set("Content-Type", c.kind)
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, request)
			if w.Code != http.StatusRequestTimeout || !strings.Contains(w.Body.String(), "too slowly") {
				t.Errorf("%d %s, want 408", w.Code, w.Body)
			}
		})
	}
}
