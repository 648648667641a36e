package main

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

const derivedFile = "0123456789abcdef0123456789abcdef.jpg"

func TestADerivedPictureIsServedForGood(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	body := jpegOf(t)
	testkit.Succeed(t, s.view.pictures.SaveDerived(t.Context(), derivedFile, body))
	r := s.get(t, "/derived/"+derivedFile)
	if r.status != http.StatusOK || r.body != string(body) || r.header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("%d %s, %d bytes", r.status, r.header.Get("Content-Type"), len(r.body))
	}
	if kept := r.header.Get("Cache-Control"); kept != "public, max-age=31536000, immutable" {
		t.Errorf("Cache-Control: %s", kept)
	}
	if again := s.get(t, "/derived/"+derivedFile, "If-None-Match", r.header.Get("ETag")); again.status != http.StatusNotModified || again.body != "" {
		t.Errorf("to who has it: %d, %d bytes", again.status, len(again.body))
	}
	testkit.Succeed(t, s.view.pictures.RemoveDerived(t.Context(), derivedFile))
	if gone := s.get(t, "/derived/"+derivedFile, "Accept", "application/json"); gone.status != http.StatusNotFound || !strings.Contains(gone.body, "look") ||
		strings.Contains(gone.header.Get("Cache-Control"), "immutable") {
		t.Errorf("once it is gone: %d %q, %s", gone.status, gone.header.Get("Cache-Control"), gone.body)
	}
}

func TestOnlyDerivedPicturesAreServedAsSuch(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.put(t, "secret.jpg", jpegOf(t))
	for _, name := range []string{"secret.jpg", "..%2fsecret.jpg", "%2e%2e/secret.jpg", "..%2f..%2fsecret.jpg", "", "01%2f" + derivedFile} {
		if r := s.get(t, "/derived/"+name); r.status == http.StatusOK {
			t.Errorf("%q: %d %s", name, r.status, r.body)
		}
	}
}

// With keys nobody else sees a face, nor does a cache between, and a page full of them is
// no use of the rate limit.
func TestADerivedPictureNeedsAKeyWhereAllDoes(t *testing.T) {
	t.Parallel()
	keys := filepath.Join(t.TempDir(), "keys")
	testkit.Succeed(t, os.WriteFile(keys, fmt.Appendf(nil, "reader %x read\n", sha256.Sum256([]byte("secret"))), 0o600))
	dsn := deptest.Migrated(t)
	s := serveSiteWithAuth(t, auth.Settings{KeysFile: keys, RateLimit: 0.001, RateBurst: 1}, dsn)
	testkit.Succeed(t, s.view.pictures.SaveDerived(t.Context(), derivedFile, jpegOf(t)))
	if r := s.get(t, "/derived/"+derivedFile); r.status != http.StatusUnauthorized {
		t.Errorf("without a key: %d", r.status)
	}
	for range 3 {
		r := s.get(t, "/derived/"+derivedFile, "Authorization", "Bearer secret")
		if r.status != http.StatusOK || r.header.Get("Cache-Control") != "private, max-age=31536000, immutable" {
			t.Errorf("with a key: %d, %s", r.status, r.header.Get("Cache-Control"))
		}
	}
}

func TestThePicturesJSONHasWhatWasMadeOfThem(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	claim := testkit.Must(s.Claim(t.Context(), s.submit(t, "a.heic"), time.Minute))(t)
	face := newFace("", 0.1)
	face.Crop = claim.Derived(2)
	result := store.Result{Thumbnail: claim.Derived(0), Large: claim.Derived(1), Faces: []lineup.Face{face}}
	testkit.Must(s.Finish(t.Context(), claim, result, true))(t)
	var list struct {
		Items []struct {
			Thumbnail, Large string
			Faces            []struct{ Crop string }
		}
	}
	s.getJSON(t, "/api/v1/images", &list)
	one := list.Items[0]
	if one.Thumbnail != "/derived/"+string(claim.Derived(0)) || one.Large != claim.Derived(1).URL() || one.Faces[0].Crop != claim.Derived(2).URL() {
		t.Errorf("it is %+v", one)
	}
}
