package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lineup.dev/lineup/local/buckets"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/photo"
)

// A store that hangs costs a request no more than is stated, and what it is about is kept.
func TestAStoreThatFallsSilent(t *testing.T) {
	s := newSystem(t)
	store := buckets.Serve(t, "pictures")
	store.Put(t, "pictures", "known.jpg", "x")
	store.Put(t, "pictures", "folder/a.jpg", "x")
	const patience = 300 * time.Millisecond
	s.roots = testkit.Must(photo.Patience{ReadTimeout: patience, RootWait: 20 * time.Second}.Open(store.Root("pictures") + "," + s.images))(t)
	s.walker.roots, s.comparer.roots = s.roots, s.roots
	known := s.postJSON(t, "known.jpg")
	s.look(t, known.ID)

	store.Misbehave(store.Silence())
	var body bytes.Buffer
	testkit.Succeed(t, png.Encode(&body, image.NewGray(image.Rect(0, 0, 1, 1))))
	for what, c := range map[string]struct {
		ask    func() reply
		status int
		says   string
	}{
		"the path of a picture that has a result": {func() reply { return s.do(t, "/image/post", `{"path":"known.jpg"}`) },
			http.StatusAccepted, fmt.Sprintf("image already saved with id: %d", known.ID)},
		"the path of a new picture": {func() reply { return s.do(t, "/image/post", `{"path":"new.jpg"}`) }, http.StatusAccepted, "image saved with id"},
		"a folder":                  {func() reply { return s.do(t, "/image/post", `{"path":"s3://pictures/folder/"}`) }, http.StatusAccepted, "folder saved with id"},
		"an upload":                 {func() reply { return s.do(t, "/images", body.String(), "Content-Type", "image/png") }, http.StatusServiceUnavailable, "cannot be written to"},
	} {
		start := time.Now()
		got := c.ask()
		if got.status != c.status || !strings.Contains(got.body, c.says) {
			t.Errorf("%s: %d %q, want %d %q", what, got.status, got.body, c.status, c.says)
		}
		if c.status == http.StatusServiceUnavailable && got.header.Get("Retry-After") == "" {
			t.Errorf("%s: the answer does not say when to try again", what)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %v", what, took)
		}
	}
	if got := s.postJSON(t, "known.jpg"); *got.Sent || got.Status != lineup.Unknown {
		t.Errorf("a picture that cannot be compared is %+v, want its result to stay", got)
	}

	store.Behave()
	testkit.Eventually(t, 30*time.Second, "the pause is over", func() bool {
		return s.do(t, "/images", body.String(), "Content-Type", "image/png").status == http.StatusAccepted
	})
	folders := s.do(t, "/image/post", `{"path":"s3://pictures/folder/"}`)
	testkit.Eventually(t, 30*time.Second, "the folder is walked: "+folders.body, func() bool {
		s.do(t, "/image/post", `{"path":"s3://pictures/folder/"}`)
		return s.paths(t)["folder/a.jpg"]
	})
}

func TestAStoreThatLetsNobodyWrite(t *testing.T) {
	s := newSystem(t)
	store := buckets.Serve(t, "pictures")
	s.roots = testkit.Must(photo.Open(store.Root("pictures")))(t)
	store.Misbehave(func(w http.ResponseWriter, r *http.Request, key string) bool {
		return r.Method == http.MethodPut && buckets.Refuse(http.StatusForbidden, "AccessDenied")(w, r, key)
	})
	var body bytes.Buffer
	testkit.Succeed(t, png.Encode(&body, image.NewGray(image.Rect(0, 0, 1, 1))))
	got := s.do(t, "/images", body.String(), "Content-Type", "image/png")
	if got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "does not let receive write") {
		t.Errorf("%d %q", got.status, got.body)
	}
}

// To find a folder and to walk it take FOLDER_TIME together, and of a root that was silent
// that long nothing more is asked.
func TestASilentStoreIsAskedOnceForAFolder(t *testing.T) {
	s := newSystem(t)
	for name, readTimeout := range map[string]time.Duration{"a pause begins": 500 * time.Millisecond, "the time is over": time.Minute} {
		store := buckets.Serve(t, "pictures")
		s.roots = testkit.Must(photo.Patience{ReadTimeout: readTimeout, RootWait: time.Minute}.Open(store.Root("pictures")))(t)
		s.walker.roots, s.walker.Time = s.roots, 400*time.Millisecond
		var asked atomic.Int32
		silence := store.Silence()
		store.Misbehave(func(w http.ResponseWriter, r *http.Request, key string) bool {
			asked.Add(1)
			return silence(w, r, key)
		})
		got := s.do(t, "/image/post", `{"path":"s3://pictures/`+strings.ReplaceAll(name, " ", "-")+`/"}`)
		if got.status != http.StatusAccepted || asked.Load() != 1 {
			t.Errorf("%s: %d %q, asked %d times, want once", name, got.status, got.body, asked.Load())
		}
	}
}
