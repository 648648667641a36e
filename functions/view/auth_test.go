package main

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/auth"
)

func TestEveryRouteNeedsTheKey(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys")
	testkit.Succeed(t, os.WriteFile(file, fmt.Appendf(nil, "phone %x\n", sha256.Sum256([]byte("hunter2"))), 0o600))
	dsn := deptest.Migrated(t)
	s := serveSiteWithAuth(t, auth.Settings{KeysFile: file, RateLimit: 0.001, RateBurst: 30}, dsn)
	browser := testkit.Must(http.NewRequest(http.MethodGet, "/", nil))(t)
	browser.SetBasicAuth("", "hunter2")
	routes := s.routes(t)
	for path, status := range routes {
		page, asJSON := s.get(t, path), s.get(t, path, "Accept", "application/json")
		for _, r := range []reply{page, asJSON} {
			if r.status != http.StatusUnauthorized || len(r.header.Values("WWW-Authenticate")) != 2 || !strings.Contains(r.body, "An API key is needed") {
				t.Errorf("GET %s without a key: %d %s", path, r.status, r.body)
			}
			if !strings.Contains(r.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || r.header.Get("Cache-Control") != "no-store" {
				t.Errorf("GET %s without a key: %v", path, r.header)
			}
		}
		if page.header.Get("Content-Type") != "text/html; charset=utf-8" || asJSON.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("GET %s without a key: %s, and as JSON %s", path, page.header.Get("Content-Type"), asJSON.header.Get("Content-Type"))
		}
		if got := s.get(t, path, "Authorization", browser.Header.Get("Authorization")); got.status != status {
			t.Errorf("GET %s in a browser: %d, want %d", path, got.status, status)
		}
		if got := s.get(t, path, "Accept", "application/json", "Authorization", "Bearer hunter2"); got.status != status {
			t.Errorf("GET %s with a key: %d, want %d", path, got.status, status)
		}
	}
	for range 30 - 2*len(routes) {
		s.get(t, "/people", "Authorization", "Bearer hunter2")
	}
	r := s.get(t, "/", "Authorization", "Bearer hunter2")
	if r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") == "" || strings.Contains(r.body, "http-equiv") {
		t.Errorf("one too many: %d, Retry-After %q\n%s", r.status, r.header.Get("Retry-After"), r.body)
	}
}

func TestPostsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.ask(t, http.MethodPost, "/people", "Origin", "https://evil.example", "Accept", "application/json")
	if r.status != http.StatusForbidden || !strings.Contains(r.body, "another site") {
		t.Errorf("%d %s", r.status, r.body)
	}
}
