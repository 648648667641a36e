package gallery_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/photo"
)

// together is replicas of one store that follow it until the test ends, and how often
// they looked at a photo.
func together(t *testing.T, store gallery.Store, count int, o gallery.Options, pause time.Duration) (replicas []people, looks *atomic.Int64) {
	t.Helper()
	looks = new(atomic.Int64)
	slow := func(_ context.Context, body []byte) ([]gallery.Face, string, error) {
		looks.Add(1)
		time.Sleep(10 * time.Millisecond) // as long as models take
		return madeUp(context.Background(), body)
	}
	o.Length = 512
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	for range count {
		g := gallery.New(store, slow, o, slog.New(slog.DiscardHandler))
		replicas = append(replicas, people{Gallery: g})
		go func() { g.Follow(ctx, pause); ended <- struct{}{} }()
	}
	t.Cleanup(func() {
		cancel()
		for range replicas {
			<-ended
		}
	})
	return replicas, looks
}

// sees tells whether a replica has these photos, by name the face that each shows, and
// no other.
func (p people) sees(photos map[string][]float32) bool {
	if p.Ready() != nil || len(p.names()) != len(photos) {
		return false
	}
	for name, face := range photos {
		best := p.Candidates(face, 1)
		if len(best) != 1 || best[0].ImageName != name || best[0].Similarity < 0.5 {
			return false
		}
	}
	return true
}

func TestReplicasShareTheWork(t *testing.T) {
	store, photos := &marked{Store: bucket(t), now: map[string]bool{}}, map[string][]float32{}
	write := func(name, text string) {
		t.Helper()
		faces, _, _ := madeUp(t.Context(), []byte(text))
		photos[name] = faces[0].Embedding
		if err := store.Save(t.Context(), name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(name string) {
		t.Helper()
		delete(photos, name)
		if err := store.Remove(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	const count = 120
	for i := range count {
		write(fmt.Sprintf("p%03d-x.jpg", i), fmt.Sprint("photo ", i))
	}
	replicas, looks := together(t, store, 3, options, 20*time.Millisecond)
	everywhere := func(what string) {
		t.Helper()
		for i, r := range replicas {
			testkit.Eventually(t, time.Minute, fmt.Sprintf("replica %d sees %s", i, what), func() bool { return r.sees(photos) })
		}
	}
	everywhere("the photos that there are")
	t.Logf("%d photos were looked at %d times", count, looks.Load())
	if n := looks.Load(); n > count*3/2 {
		t.Errorf("%d photos were looked at %d times, want each once, but for one in two at most", count, n)
	}

	for _, c := range []struct {
		what   string
		change func()
		looks  int64 // at most
	}{
		{"a photo that was replaced", func() { write("p000-x.jpg", "another photo") }, 3},
		{"a photo that was renamed", func() { write("renamed.jpg", "photo 1"); remove("p001-x.jpg") }, 0},
		{"a photo that was deleted", func() { remove("p002-x.jpg") }, 0},
		{"photos that were added", func() {
			for i := range 10 {
				write(fmt.Sprintf("new%d-x.jpg", i), fmt.Sprint("new photo ", i))
			}
		}, 20},
	} {
		before := looks.Load()
		c.change()
		everywhere(c.what)
		if n := looks.Load() - before; n > c.looks {
			t.Errorf("after %s photos were looked at %d times, want %d at most", c.what, n, c.looks)
		}
	}

	testkit.Eventually(t, patience, "no replica says that it is at work", func() bool { return store.marks() == 0 })
}

// With the pauses that a server makes unless told otherwise, all replicas see a change
// soon; how soon is logged.
func TestReplicasAgreeSoon(t *testing.T) {
	t.Parallel()
	store, err := photo.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	o := options
	o.Share = time.Second // GALLERY_SHARE
	replicas, _ := together(t, store, 3, o, 2*time.Second)
	photos := map[string][]float32{}
	for _, text := range []string{"a photo", "another", ""} {
		if text == "" {
			err = store.Remove(t.Context(), "p-x.jpg")
			delete(photos, "p-x.jpg")
		} else {
			err = store.Save(t.Context(), "p-x.jpg", []byte(text))
			faces, _, _ := madeUp(t.Context(), []byte(text))
			photos["p-x.jpg"] = faces[0].Embedding
		}
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for _, r := range replicas {
			testkit.Eventually(t, time.Minute, fmt.Sprintf("%q is seen", text), func() bool { return r.sees(photos) })
		}
		t.Logf("%q is seen by all after %v", text, time.Since(start))
	}
}

// marked is a store that knows which replicas say that they are at work.
type marked struct {
	gallery.Store
	mutex sync.Mutex
	now   map[string]bool
}

func (m *marked) Save(ctx context.Context, name string, body []byte) error {
	m.note(name, true)
	return m.Store.Save(ctx, name, body)
}

func (m *marked) Remove(ctx context.Context, name string) error {
	m.note(name, false)
	return m.Store.Remove(ctx, name)
}

func (m *marked) note(name string, there bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if strings.HasSuffix(name, ".working") {
		m.now[name] = there
		if !there {
			delete(m.now, name)
		}
	}
}

func (m *marked) marks() int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return len(m.now)
}
