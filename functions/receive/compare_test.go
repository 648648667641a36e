package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/store"
)

// look gives a posted picture its result, about the file that lies at its path now.
func (s *system) look(t *testing.T, id int64) {
	t.Helper()
	claim := testkit.Must(s.store.Claim(t.Context(), id, time.Minute))(t)
	if claim.Outcome != store.Won {
		t.Fatalf("the claim of image %d ended with %+v", id, claim)
	}
	file := testkit.Must(s.roots.Entry(t.Context(), claim.Path))(t)
	testkit.Must(s.store.Finish(t.Context(), claim, store.Result{Content: file.Mark()}, true))(t)
}

func (s *system) put(t *testing.T, name, content string) {
	t.Helper()
	testkit.Succeed(t, os.WriteFile(filepath.Join(s.images, name), []byte(content), 0o600))
}

func (s *system) postJSON(t *testing.T, path string) picture {
	t.Helper()
	return s.do(t, "/image/post", `{"path":"`+path+`"}`, "Accept", "application/json").images(t)[0]
}

// A camera that writes each picture to one path: what counts is the content.
func TestAPathThatWasOverwrittenIsLookedAtAgain(t *testing.T) {
	s := newSystem(t)
	s.put(t, "cam.jpg", "mum")
	first := s.postJSON(t, "cam.jpg")
	s.look(t, first.ID)

	s.put(t, "cam.jpg", "lady")
	second := s.postJSON(t, "cam.jpg")
	if second.ID != first.ID || second.Status != lineup.Pending || !*second.Sent {
		t.Errorf("overwritten it is %+v, want the same id, pending and sent", second)
	}
	if n := s.depth(t); n != 2 {
		t.Errorf("%d hints on the queue, want one for each content", n)
	}
	again := s.do(t, "/image/post", `{"path":"cam.jpg"}`)
	if want := "got path: {Path:cam.jpg}\nimage already saved with id: 1\nimage sent to nsq\n"; again.body != want {
		t.Errorf("posted again while it waits: %q, want %q", again.body, want)
	}
	s.look(t, first.ID)
	if n := s.depth(t); n != 2 {
		t.Errorf("%d hints on the queue, want no more", n)
	}
}

// Posted again unchanged, a picture costs nothing, and nothing is said to be sent.
func TestAPictureThatIsFinalAndUnchangedIsNotSent(t *testing.T) {
	s := newSystem(t)
	s.put(t, "a.jpg", "dad")
	s.put(t, "b.jpg", "mum")
	for _, p := range []string{"a.jpg", "b.jpg"} {
		s.look(t, s.postJSON(t, p).ID)
	}
	got := s.postJSON(t, "a.jpg")
	if *got.Sent || got.Status != lineup.Unknown {
		t.Errorf("%+v, want it not to be sent, with its status", got)
	}
	want := "got path: {Path:a.jpg}\nimage already saved with id: <of a.jpg>\nimage already looked at\n" +
		"got path: {Path:c.jpg}\nimage saved with id: <of c.jpg>\nimage sent to nsq\n"
	both := s.do(t, "/images/post", `{"paths":[{"path":"a.jpg"},{"path":"c.jpg"}]}`)
	if want = s.withIDs(t, want); both.status != http.StatusAccepted || both.body != want {
		t.Errorf("%d %q, want 202 %q", both.status, both.body, want)
	}
	testkit.Succeed(t, os.Remove(filepath.Join(s.images, "b.jpg")))
	if got := s.postJSON(t, "b.jpg"); *got.Sent || got.Status != lineup.Unknown {
		t.Errorf("its file is gone: %+v, want the result to stay", got)
	}
	if n := s.depth(t); n != 3 {
		t.Errorf("%d hints on the queue, want one a picture", n)
	}
}

func TestAFileBelowTheFirstRootIsOnePictureHoweverItIsNamed(t *testing.T) {
	s := newSystem(t)
	old := filepath.Join(s.images, "old.jpg")
	before := testkit.Must(s.store.Submit(t.Context(), store.Paths(old)))(t)[0]
	if got := s.postJSON(t, "old.jpg"); got.ID != before.ID || got.Path != old {
		t.Errorf("%+v, want the row from before", got)
	}
	absolute := filepath.Join(s.images, "a.jpg")
	got := s.do(t, "/images/post", `{"paths":[{"path":"`+absolute+`"},{"path":"a.jpg"}]}`, "Accept", "application/json").images(t)
	if got[0].ID == 0 || got[1].ID != got[0].ID || got[0].Path != "a.jpg" {
		t.Errorf("%+v, want one picture under its relative path", got)
	}
	if bucket := s.postJSON(t, "s3://pictures/a.jpg"); bucket.ID == got[0].ID { // a bucket, but not the first root
		t.Errorf("%+v, want a picture of its own", bucket)
	}
}

// teller is a store whose answers a test makes up.
type teller func(ctx context.Context, path string) (photo.Entry, error)

func (f teller) Entry(ctx context.Context, path string) (photo.Entry, error) { return f(ctx, path) }

func answered(paths ...string) (all []store.Submission) {
	for i, path := range paths {
		all = append(all, store.Submission{Ref: store.Ref{ID: int64(i + 1), Path: path}, Status: lineup.Unknown, Content: "old"})
	}
	return all
}

func TestOnlyWhatHasAnAnswerIsCompared(t *testing.T) {
	var asked atomic.Int32
	entry := photo.Entry{Size: 1, ModTime: time.Now()}
	c := newComparer(teller(func(context.Context, string) (photo.Entry, error) {
		asked.Add(1)
		return entry, nil
	}), nil, slog.New(slog.DiscardHandler))
	got := c.changed(t.Context(), []store.Submission{
		{Ref: store.Ref{Path: "new.jpg"}, Status: lineup.Pending},
		{Ref: store.Ref{Path: "at work.jpg"}, Status: lineup.Processing, Content: "old"},
		{Ref: store.Ref{Path: "before there were marks.jpg"}, Status: lineup.Identified},
		{Ref: store.Ref{Path: "a.jpg"}, Status: lineup.Identified, Content: "old"},
		{Ref: store.Ref{Path: "same.jpg"}, Status: lineup.Identified, Content: entry.Mark()},
	})
	if len(got) != 1 || got[0].Path != "a.jpg" || asked.Load() != 2 {
		t.Errorf("%d files asked for, changed: %+v; want a.jpg", asked.Load(), got)
	}
}

// A store that does not answer costs a request a second, whatever its number of files,
// and holds no more than the slots.
func TestAStoreThatDoesNotAnswerCountsAsUnchanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		block := make(chan struct{})
		var hanging atomic.Int32
		c := newComparer(teller(func(ctx context.Context, path string) (photo.Entry, error) {
			switch path {
			case "quick.jpg":
				return photo.Entry{}, nil
			case "away.jpg":
				return photo.Entry{}, photo.ErrUnreachable
			case "gone.jpg":
				return photo.Entry{}, photo.ErrNotFound
			}
			hanging.Add(1)
			<-block // as a call to a folder's server, which no context ends
			return photo.Entry{}, errors.New("late")
		}), nil, slog.New(slog.DiscardHandler))
		start := time.Now()
		paths := []string{"quick.jpg", "away.jpg", "gone.jpg"}
		for range 500 {
			paths = append(paths, "hangs.jpg")
		}
		if got := c.changed(t.Context(), answered(paths...)); len(got) != 1 || got[0].Path != "quick.jpg" {
			t.Errorf("changed: %+v, want the one that was told in time", got)
		}
		if took := time.Since(start); took != compareTime {
			t.Errorf("it took %v, want %v", took, compareTime)
		}
		if got := c.changed(t.Context(), answered("hangs.jpg")); len(got) != 0 {
			t.Errorf("changed: %+v", got)
		}
		if n := hanging.Load(); n != comparesAtOnce {
			t.Errorf("%d calls hang, want %d", n, comparesAtOnce)
		}
		close(block)
		c.wait()
		if n := len(c.slots); n != 0 {
			t.Errorf("%d files are asked for after it waited for that", n)
		}
	})
}

// A camera may be quicker than the face server: what is posted while the picture before it
// is looked at is compared at the next ping.
func TestAPathOverwrittenWhileItIsLookedAtIsLookedAtAgain(t *testing.T) {
	s := newSystem(t)
	for _, path := range []string{"cam.jpg", "same.jpg", "gone.jpg"} {
		s.put(t, path, "mum")
		s.postJSON(t, path)
	}
	claims, marks := map[string]store.Claim{}, map[string]string{}
	for id := range int64(3) {
		claim := testkit.Must(s.store.Claim(t.Context(), id+1, time.Minute))(t)
		claims[claim.Path] = claim
		marks[claim.Path] = testkit.Must(s.roots.Entry(t.Context(), claim.Path))(t).Mark()
	}
	s.put(t, "cam.jpg", "lady")
	for path, claim := range claims {
		if got := s.postJSON(t, path); got.Status != lineup.Processing || !*got.Sent {
			t.Errorf("posted while it is looked at it is %+v", got)
		}
		result := store.Result{Content: marks[path]}
		if path == "gone.jpg" {
			result = store.Result{Reason: "no such picture"} // it came after the look
		}
		testkit.Must(s.store.Finish(t.Context(), claim, result, true))(t)
	}
	testkit.Succeed(t, s.ping(t.Context()))
	for path, want := range map[string]lineup.Status{"cam.jpg": lineup.Pending, "same.jpg": lineup.Unknown, "gone.jpg": lineup.Pending} {
		if image := testkit.Must(s.store.Image(t.Context(), claims[path].ID))(t); image.Status != want {
			t.Errorf("after the ping %s is %s, want %s", path, image.Status, want)
		}
	}
	if left := testkit.Must(s.store.Reposted(t.Context(), 10))(t); len(left) != 0 {
		t.Errorf("still to be compared: %+v", left)
	}
	if n := s.depth(t); n != 5 {
		t.Errorf("%d hints on the queue, want 3 and those of the 2 to be looked at again", n)
	}
}
