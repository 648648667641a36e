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

// Whatever waits for a store that is silent, a ping goes on with the folders of other roots.
func TestFoldersOfADeadRootHoldUpNoOthers(t *testing.T) {
	const dead = 20
	for name, c := range map[string]struct {
		deadFirst     bool // of the roots
		deadly, sound string
	}{
		"each has its root":               {true, "s3://pictures/%d/", "%s/a/"},
		"relative ones of the root first": {false, "%d/", "a/"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSystem(t)
			s.putFiles(t, "a/1.jpg")
			pictures := buckets.Serve(t, "pictures")
			pictures.Misbehave(pictures.Silence())
			roots := s.images + "," + pictures.Root("pictures")
			if c.deadFirst {
				roots = pictures.Root("pictures") + "," + s.images
				c.sound = fmt.Sprintf(c.sound, s.images)
			}
			s.roots = testkit.Must(photo.Patience{ReadTimeout: 500 * time.Millisecond, RootWait: time.Minute}.Open(roots))(t)
			s.walker.roots, s.comparer.roots, s.walker.Time = s.roots, s.roots, 100*time.Millisecond
			for i := range dead {
				testkit.Must(s.store.SubmitFolder(t.Context(), fmt.Sprintf(c.deadly, i)))(t)
			}
			sound := testkit.Must(s.store.SubmitFolder(t.Context(), c.sound))(t)
			testkit.Succeed(t, s.ping(t.Context()))
			if got := s.folder(t, sound.ID); got.FinishedAt == nil || got.Found != 1 {
				t.Errorf("after one ping the folder of the other root is %+v", got)
			}
			if got := s.folder(t, 1); got.FinishedAt != nil || !strings.Contains(got.Problem, "cannot be reached") {
				t.Errorf("a folder of the dead one: %+v", got)
			}
		})
	}
}
