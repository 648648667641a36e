package gallery_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/photo"
)

// counted is extract, and counts.
func counted(looks *atomic.Int64) gallery.Extractor {
	return func(ctx context.Context, body []byte) ([]gallery.Face, string, error) {
		looks.Add(1)
		return extract(ctx, body)
	}
}

// replica is another gallery of the same folder, and how often it looked at a photo.
func (p people) replica(t *testing.T, o gallery.Options) (people, *atomic.Int64) {
	t.Helper()
	roots, err := photo.Open(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { roots.Close() })
	looks, r := new(atomic.Int64), people{dir: p.dir, log: new(journal)}
	r.Gallery = gallery.New(roots, counted(looks), o, slog.New(r.log))
	return r, looks
}

func (p people) segments(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.dir, ".lineup", "*", "*.faces"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// mixed is a gallery with a photo of each kind: all of them are described once.
func mixed(t *testing.T) people {
	t.Helper()
	p := newPeople(t, map[string]string{"dad.jpg": "d", "mom.jpg": "m", "nobody.jpg": "", "broken.jpg": "broken JPEG", "two.jpg": "xy"})
	p.read(t)
	return p
}

func TestAPhotoIsLookedAtOnce(t *testing.T) {
	t.Run("a replica that starts looks at none", func(t *testing.T) {
		p := mixed(t)
		r, looks := p.replica(t, options)
		r.read(t)
		r.mustKnow(t, 'd', "dad.jpg")
		r.mustKnow(t, 'm', "mom.jpg")
		if looks.Load() != 0 {
			t.Errorf("%d photos were looked at again", looks.Load())
		}
		for _, name := range []string{"broken.jpg", "nobody.jpg", "two.jpg"} {
			if n := r.log.warnings(name); n != 1 {
				t.Errorf("there are %d warnings about %s, want 1", n, name)
			}
		}
		if _, _, err := r.Describe(t.Context(), "broken.jpg"); err != nil {
			t.Error(err)
		}
	})
	t.Run("nor at one that was renamed or copied or touched", func(t *testing.T) {
		p := mixed(t)
		if err := os.Rename(filepath.Join(p.dir, "dad.jpg"), filepath.Join(p.dir, "father.jpg")); err != nil {
			t.Fatal(err)
		}
		p.write(t, "mother.jpg", "m")
		later := time.Now().Add(time.Hour)
		if err := os.Chtimes(filepath.Join(p.dir, "mom.jpg"), later, later); err != nil {
			t.Fatal(err)
		}
		started, looks := p.replica(t, options)
		started.read(t)
		started.mustKnow(t, 'd', "father.jpg")
		started.mustKnow(t, 'm', "mom.jpg")
		started.remove(t, "mom.jpg")
		if err := os.Rename(filepath.Join(p.dir, "father.jpg"), filepath.Join(p.dir, "papa.jpg")); err != nil {
			t.Fatal(err)
		}
		started.read(t)
		started.mustKnow(t, 'd', "papa.jpg")
		started.mustKnow(t, 'm', "mother.jpg")
		if looks.Load() != 0 {
			t.Errorf("%d photos were looked at again", looks.Load())
		}
	})
	t.Run("but at one that was replaced", func(t *testing.T) {
		p := mixed(t)
		p.write(t, "dad.jpg", "Ff")
		r, looks := p.replica(t, options)
		r.read(t)
		r.mustKnow(t, 'F', "dad.jpg")
		r.mustKnow(t, 'd', "")
		if looks.Load() != 1 {
			t.Errorf("%d photos were looked at, want 1", looks.Load())
		}
	})
}

func TestCacheThatIsOfNoUseIsMadeAnew(t *testing.T) {
	t.Run("of another model", func(t *testing.T) {
		p := mixed(t)
		other := options
		other.Model = "others"
		r, looks := p.replica(t, other)
		r.read(t)
		r.mustKnow(t, 'd', "dad.jpg")
		if looks.Load() != 5 {
			t.Errorf("%d photos were looked at, want all 5", looks.Load())
		}
		again, looks := p.replica(t, options)
		if again.read(t); looks.Load() != 0 {
			t.Errorf("the first model's cache is gone: %d photos were looked at", looks.Load())
		}
	})
	t.Run("of damaged files", func(t *testing.T) {
		p := mixed(t)
		for _, file := range p.segments(t) {
			if err := os.Truncate(file, 50); err != nil {
				t.Fatal(err)
			}
		}
		r, looks := p.replica(t, options)
		r.read(t)
		r.mustKnow(t, 'd', "dad.jpg")
		if looks.Load() != 5 {
			t.Errorf("%d photos were looked at, want all 5", looks.Load())
		}
		again, looks := p.replica(t, options)
		if again.read(t); looks.Load() != 0 {
			t.Errorf("%d photos were looked at after it was mended", looks.Load())
		}
	})
	t.Run("of a store that takes nothing", func(t *testing.T) {
		p := newPeople(t, map[string]string{"dad.jpg": "d"})
		if err := os.WriteFile(filepath.Join(p.dir, ".lineup"), nil, 0o600); err != nil { // where a folder should be
			t.Fatal(err)
		}
		p.read(t)
		p.mustKnow(t, 'd', "dad.jpg")
		if p.log.warnings("") == 0 {
			t.Error("there is no warning")
		}
	})
}

// However many files are written, few are left, and nothing is looked at again: also
// when two replicas merge the same files.
func TestFilesAreMerged(t *testing.T) {
	p := newPeople(t, nil)
	twin, looks := p.replica(t, options)
	for i := range 60 {
		p.write(t, fmt.Sprintf("p%02d-x.jpg", i), string(rune('A'+i)))
		p.read(t)
		if i%3 == 0 {
			twin.read(t)
		}
	}
	twin.read(t)
	p.read(t)
	if n := len(p.segments(t)); n > 14 {
		t.Errorf("%d files are left of 60, want few", n)
	}
	r, again := p.replica(t, options)
	r.read(t)
	if again.Load() != 0 {
		t.Errorf("%d photos were looked at again", again.Load())
	}
	for i := range 60 {
		r.mustKnow(t, rune('A'+i), fmt.Sprintf("p%02d-x.jpg", i))
	}
	if looks.Load() != 0 {
		t.Errorf("the twin looked at %d photos that were described", looks.Load())
	}

	t.Run("what somebody else removed is written again", func(t *testing.T) {
		for _, file := range p.segments(t) {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
		p.read(t)
		r, again := p.replica(t, options)
		if r.read(t); again.Load() != 0 {
			t.Errorf("%d photos were looked at again", again.Load())
		}
	})
}

func TestReplicasFollowEachOther(t *testing.T) {
	p := newPeople(t, map[string]string{"dad.jpg": "d"})
	ctx, cancel := context.WithCancel(t.Context())
	var all []people
	ended := make(chan struct{})
	for range 2 {
		r, _ := p.replica(t, options)
		all = append(all, r)
		go func() { r.Follow(ctx, time.Millisecond); ended <- struct{}{} }()
	}
	t.Cleanup(func() { cancel(); <-ended; <-ended })
	everywhere := func(what string, letter rune, name string) {
		for _, r := range all {
			testkit.Eventually(t, patience, what, func() bool { return r.Ready() == nil && r.knows(letter) == name })
		}
	}
	everywhere("dad is known", 'd', "dad.jpg")
	p.write(t, "mom.jpg", "m")
	everywhere("mom is known", 'm', "mom.jpg")
	p.remove(t, "dad.jpg")
	everywhere("dad is forgotten", 'd', "")
}

// A reading that is told to end does, with photos left to look at.
func TestReadingEndsWithItsContext(t *testing.T) {
	p := newPeople(t, map[string]string{"dad.jpg": "d", "mom.jpg": "m", "son.jpg": "s"})
	roots, err := photo.Open(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { roots.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	one := options
	one.Parallel = 1
	g := gallery.New(roots, func(_ context.Context, body []byte) ([]gallery.Face, string, error) {
		cancel() // when the first was looked at
		return extract(t.Context(), body)
	}, one, slog.New(slog.DiscardHandler))
	if err := g.Read(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want the context's", err)
	}
	if g.Ready() == nil {
		t.Error("it is ready")
	}
}

func TestListAndDescribe(t *testing.T) {
	p := mixed(t)
	var names []string
	after := ""
	for {
		photos, more := p.List(after, 2, false)
		for _, one := range photos {
			names = append(names, one.Name)
			if usable := one.Name == "dad.jpg" || one.Name == "mom.jpg"; one.Usable != usable || (len(one.Problems) == 0) != usable {
				t.Errorf("%s: usable is %v, problems %v", one.Name, one.Usable, one.Problems)
			}
		}
		if !more {
			break
		}
		after = photos[len(photos)-1].Name
	}
	if got := fmt.Sprint(names); got != "[broken.jpg dad.jpg mom.jpg nobody.jpg two.jpg]" {
		t.Errorf("pages hold %v", got)
	}
	if photos, more := p.List("dad.jpg", 2, true); more || len(photos) != 2 || photos[0].Name != "nobody.jpg" {
		t.Errorf("with problems after dad.jpg are %v, more: %v", photos, more)
	}
	if photos, _ := p.List("c", 1, false); len(photos) != 1 || photos[0].Name != "dad.jpg" {
		t.Errorf("after a name that is gone comes %v, want dad.jpg", photos)
	}

	if one, faces, err := p.Describe(t.Context(), "two.jpg"); err != nil || one.Usable || len(faces) != 2 || one.Problems[0] != gallery.SeveralFaces {
		t.Errorf("two.jpg is %+v with %d faces, %v", one, len(faces), err)
	}
	if one, _, err := p.Check(t.Context(), []byte("torn q")); err != nil || !one.Usable || one.Warning != "the end is missing" {
		t.Errorf("a damaged photo is %+v, %v, want it usable, with its warning", one, err)
	}
	if one, _, err := p.Describe(t.Context(), "broken.jpg"); err != nil || one.Problems[0] != gallery.Unreadable || !errors.Is(one.Failure, picture.ErrNoPicture) {
		t.Errorf("broken.jpg is %+v, %v", one, err)
	}
	for _, name := range []string{"gone.jpg", "../dad.jpg", ".lineup", ""} {
		if _, _, err := p.Describe(t.Context(), name); !errors.Is(err, photo.ErrNotFound) {
			t.Errorf("%q: error is %v, want ErrNotFound", name, err)
		}
	}
	if one, faces, err := p.Check(t.Context(), []byte("q")); err != nil || !one.Usable || len(faces) != 1 || one.Name != "" {
		t.Errorf("a photo of q is %+v with %d faces, %v", one, len(faces), err)
	}
}
