package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"lineup.dev/lineup/pkg/serve"
)

// The bridge would take a 400 for an event that stands for nothing.
func TestAnEventThatComesTooSlowlyIsNotRefusedForGood(t *testing.T) {
	s := newSystem(t, &faceStub{address: "127.0.0.1:1"})
	slow := &serve.Problem{Status: http.StatusRequestTimeout, Detail: "too slowly"} // as serve's body says it
	for _, kind := range []string{"application/cloudevents+json", "application/json"} {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", io.MultiReader(strings.NewReader(`{"specversion":"1.0"`), iotest.ErrReader(slow)))
		request.Header.Set("Content-Type", kind)
		for name, value := range map[string]string{"Ce-Specversion": "1.0", "Ce-Type": "dev.lineup.image.submitted", "Ce-Source": "/test", "Ce-Id": "1"} {
			if kind == "application/json" {
				request.Header.Set(name, value)
			}
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, request)
		if w.Code != http.StatusRequestTimeout {
			t.Errorf("as %s: %d %s, want 408", kind, w.Code, w.Body)
		}
	}
}
