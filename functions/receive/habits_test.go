package main

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lineup.dev/lineup/local/testkit"
)

// packed is what a client sends with Content-Encoding: gzip.
func packed(body string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(body))
	w.Close()
	return b.String()
}

func TestBodiesAsClientsSendThem(t *testing.T) {
	s := newSystem(t)
	const (
		mark  = "\xEF\xBB\xBF"
		paths = `{"path":"a.jpg"}`
		event = `{"specversion":"1.0","type":"dev.lineup.image.submitted","source":"/t","id":"1","data":{"path":"a.jpg"}}`
	)
	structured, batch := []string{"Content-Type", "application/cloudevents+json"}, []string{"Content-Type", "application/cloudevents-batch+json"}
	binary := []string{"Ce-Specversion", "1.0", "Ce-Type", "dev.lineup.image.submitted", "Ce-Source", "/t", "Ce-Id", "1", "Content-Type", "application/json"}
	packs := func(header []string) []string { return append([]string{"Content-Encoding", "gzip"}, header...) }
	for name, c := range map[string]struct {
		path, body string
		header     []string
	}{
		"a byte order mark":                        {"/image/post", mark + paths, nil},
		"a byte order mark before an event":        {"/", mark + event, structured},
		"a byte order mark before a batch":         {"/", mark + "[" + event + "]", batch},
		"a byte order mark before an event's data": {"/", mark + paths, binary},
		"packed":                         {"/image/post", packed(paths), packs(nil)},
		"packed, in capitals":            {"/image/post", packed(paths), []string{"Content-Encoding", "GZIP"}},
		"as it is, and saying so":        {"/image/post", paths, []string{"Content-Encoding", "identity"}},
		"a packed event":                 {"/", packed(event), packs(structured)},
		"an event whose data are packed": {"/", packed(paths), packs(binary)},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.do(t, c.path, c.body, append(c.header, "Accept", "application/json")...)
			if got.status != http.StatusAccepted || got.images(t)[0].ID != 1 {
				t.Errorf("%d %s, want 202 and picture 1", got.status, got.body)
			}
		})
	}
	pixel := "GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01D\x00;"
	plain := s.do(t, "/images", pixel, "Content-Type", "image/gif").images(t)
	got := s.do(t, "/images", packed(pixel), "Content-Type", "image/gif", "Content-Encoding", "gzip")
	if got.status != http.StatusAccepted || got.images(t)[0].ID != plain[0].ID {
		t.Errorf("a packed upload: %d %s, want 202 and the picture that it is unpacked, %d", got.status, got.body, plain[0].ID)
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	s := newSystem(t)
	for name, c := range map[string]struct {
		method, path, allow string
		status              int
	}{
		"unknown":                      {http.MethodPost, "/pictures", "", http.StatusNotFound},
		"a method that is not allowed": {http.MethodGet, "/images", "POST", http.StatusMethodNotAllowed},
		"the address of events, read":  {http.MethodGet, "/", "HEAD, OPTIONS, POST", http.StatusMethodNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			recorder := httptest.NewRecorder()
			s.handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil))
			if kind := recorder.Header().Get("Content-Type"); recorder.Code != c.status || kind != "application/problem+json" || recorder.Header().Get("Allow") != c.allow {
				t.Errorf("%d %s, Allow %q, %s; want %d application/problem+json, Allow %q", recorder.Code, kind, recorder.Header().Get("Allow"), recorder.Body, c.status, c.allow)
			}
		})
	}
	if got := s.do(t, "/image/post/", "{}", "Accept", "text/plain"); !strings.Contains(got.body, "nothing is at this address") {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestWebhookHandshake(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys")
	testkit.Succeed(t, os.WriteFile(keys, []byte("phone "+strings.Repeat("0a", 32)+"\n"), 0o600))
	s := newSystemWithKeys(t, keys)
	recorder := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, "/", nil)
	request.Header.Set("WebHook-Request-Origin", "sender.example.com")
	request.Header.Set("WebHook-Request-Rate", "120")
	s.handler.ServeHTTP(recorder, request)
	h := recorder.Header()
	if recorder.Code != http.StatusOK || h.Get("WebHook-Allowed-Origin") != "sender.example.com" || h.Get("WebHook-Allowed-Rate") != "*" || h.Get("Allow") != "HEAD, OPTIONS, POST" {
		t.Errorf("%d %v; want 200 and what is allowed", recorder.Code, h)
	}
}
