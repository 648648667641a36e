package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
)

// TestNoRowMakesViewShowWhatLiesOutside asks for the picture of every row by which
// somebody may try to, also as receive would never write it.
func TestNoRowMakesViewShowWhatLiesOutside(t *testing.T) {
	t.Parallel()
	secret := append(jpegOf(t), "what lies outside"...)
	traversal := deptest.NewTraversal(t, secret)
	s := newSite(t)
	testkit.Succeed(t, os.WriteFile(traversal.Root+"/a.jpg", jpegOf(t), 0o600))
	// The site's own root becomes the traversal's.
	testkit.Succeed(t, os.Remove(s.roots))
	testkit.Succeed(t, os.Symlink(traversal.Root, s.roots))
	for _, way := range traversal.Paths {
		if len(way) > 1024 {
			continue // no row holds it
		}
		id := s.submit(t, way)
		for _, path := range []string{fmt.Sprintf("/images/%d/picture", id), fmt.Sprintf("/images/%d", id)} {
			r := s.get(t, path)
			if strings.Contains(r.body, "what lies outside") {
				t.Errorf("the picture of %q is shown", way)
			}
			if r.status >= http.StatusInternalServerError {
				t.Errorf("%q: %d %s", way, r.status, r.body)
			}
		}
		if r := s.get(t, "/images/"+url.PathEscape(way)+"/picture"); strings.Contains(r.body, "what lies outside") || r.status == http.StatusOK {
			t.Errorf("/images/%q/picture: %d", way, r.status)
		}
		if r := s.get(t, "/assets/"+url.PathEscape(way)); strings.Contains(r.body, "what lies outside") {
			t.Errorf("/assets/%q: %d", way, r.status)
		}
	}
	if id := s.submit(t, "a.jpg"); s.get(t, fmt.Sprintf("/images/%d/picture", id)).status != http.StatusOK {
		t.Error("not even the picture inside is shown")
	}
	traversal.Untouched(t)
}
