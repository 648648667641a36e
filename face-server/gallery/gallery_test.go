package gallery_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/photo"
)

// patience is the longest a test waits for what must happen.
const patience = 20 * time.Second

// extract stands for the models: a photo is a text, and its letters are its faces.
// Each letter looks like itself only; capitals are larger.
func extract(_ context.Context, body []byte) (faces []gallery.Face, warning string, err error) {
	text := strings.TrimSpace(string(body))
	if strings.HasPrefix(text, "broken") {
		return nil, "", fmt.Errorf("%w: %s", picture.ErrNoPicture, text)
	}
	if whole, torn := strings.CutPrefix(text, "torn "); torn {
		text, warning = whole, "the end is missing"
	}
	for _, letter := range text {
		size := 0.1
		if strings.ToUpper(string(letter)) == string(letter) {
			size = 0.2
		}
		faces = append(faces, gallery.Face{
			Face:    face.Face{Box: face.Box{Width: size, Height: size}, Embedding: embedding(letter)},
			Quality: gallery.Quality{Width: 100, Light: 0.5, Sharpness: 0.2},
		})
	}
	return faces, warning, nil
}

var required = gallery.Requirements{MinFace: 24, MinLight: 0.15, MinSharpness: 0.04, MaxSecond: 0.5}

// newFolder is a gallery of what a store holds, as extract sees it.
func newFolder(store gallery.Store, log slog.Handler) *gallery.Folder {
	return gallery.NewFolder(gallery.Examiner{Requirements: required, Store: store, Extract: extract, MaxBytes: 100}, 128, 2, slog.New(log))
}

func embedding(letter rune) []float32 {
	v := make([]float32, 128)
	v[letter] = 1
	return v
}

// people is a gallery of a folder, with what it logged.
type people struct {
	*gallery.Folder
	dir string
	log *journal
}

func newPeople(t *testing.T, photos map[string]string) people {
	t.Helper()
	p := people{dir: t.TempDir(), log: new(journal)}
	for name, text := range photos {
		p.write(t, name, text)
	}
	roots, err := photo.Open(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { roots.Close() })
	p.Folder = newFolder(roots, p.log)
	return p
}

func (p people) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p people) remove(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(p.dir, name)); err != nil {
		t.Fatal(err)
	}
}

func (p people) read(t *testing.T) {
	t.Helper()
	if err := p.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// knows names the photo that shows the letter, or "".
func (p people) knows(letter rune) string {
	if m := p.Candidates([][]float32{embedding(letter)}, 1)[0]; len(m) > 0 && m[0].Similarity > 0.5 {
		return m[0].ImageName
	}
	return ""
}

func (p people) mustKnow(t *testing.T, letter rune, want string) {
	t.Helper()
	if got := p.knows(letter); got != want {
		t.Errorf("%c is known by %q, want %q", letter, got, want)
	}
}

// journal counts what was logged.
type journal struct {
	mutex   sync.Mutex
	records []slog.Record
}

func (j *journal) Enabled(context.Context, slog.Level) bool { return true }
func (j *journal) WithAttrs([]slog.Attr) slog.Handler       { return j }
func (j *journal) WithGroup(string) slog.Handler            { return j }

func (j *journal) Handle(_ context.Context, r slog.Record) error {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	j.records = append(j.records, r)
	return nil
}

// warnings counts those of a photo, or all where the name is empty.
func (j *journal) warnings(photo string) (count int) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	for _, r := range j.records {
		of := photo == ""
		r.Attrs(func(a slog.Attr) bool {
			of = of || (a.Key == "image_name" || a.Key == "photo") && a.Value.String() == photo
			return !of
		})
		if of && r.Level >= slog.LevelWarn {
			count++
		}
	}
	return count
}

func TestNearest(t *testing.T) {
	p := newPeople(t, map[string]string{"dad.jpg": "d", "mom.jpg": "m", "again.jpg": "d"})
	if p.Candidates([][]float32{embedding('d')}, 1)[0] != nil {
		t.Error("a gallery that was not read knows somebody")
	}
	p.read(t)
	p.mustKnow(t, 'm', "mom.jpg")
	p.mustKnow(t, 'd', "again.jpg") // of two photos alike the first by name
	m := p.Candidates([][]float32{embedding('x')}, 1)[0]
	if len(m) != 1 || m[0].Similarity != 0 || m[0].ImageName != "again.jpg" {
		t.Errorf("the nearest to a stranger is %+v; want again.jpg at 0", m)
	}
}

func TestFollowsPhotos(t *testing.T) {
	p := newPeople(t, map[string]string{"dad.jpg": "d"})
	p.read(t)

	p.write(t, "mom.jpg", "m")
	p.read(t)
	p.mustKnow(t, 'm', "mom.jpg")

	p.write(t, "dad.jpg", "Ff") // of another size, whatever the clock's grain
	p.read(t)
	p.mustKnow(t, 'd', "")
	p.mustKnow(t, 'F', "dad.jpg")

	p.write(t, "dad.jpg", "Gg") // of the same size, at another time
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(p.dir, "dad.jpg"), later, later); err != nil {
		t.Fatal(err)
	}
	p.read(t)
	p.mustKnow(t, 'G', "dad.jpg")

	p.remove(t, "dad.jpg")
	p.read(t)
	p.mustKnow(t, 'G', "")
	p.mustKnow(t, 'm', "mom.jpg")

	p.remove(t, "mom.jpg")
	p.read(t)
	if m := p.Candidates([][]float32{embedding('m')}, 1)[0]; m != nil {
		t.Errorf("an empty gallery knows %+v", m)
	}
}

func TestPhotosThatCannotBeUsed(t *testing.T) {
	p := newPeople(t, map[string]string{
		"broken.jpg": "broken JPEG",
		"nobody.jpg": "",
		"group.jpg":  "abC",
		"large.jpg":  strings.Repeat("x", 101),
		"mom.jpg":    "m",
	})
	p.read(t)
	p.mustKnow(t, 'm', "mom.jpg")
	p.mustKnow(t, 'C', "group.jpg")
	p.mustKnow(t, 'a', "")
	problems := map[string]gallery.Problem{}
	photos, _, err := p.List(t.Context(), "", 10, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range photos {
		problems[one.Name] = one.Problems[0]
	}
	if want := map[string]gallery.Problem{
		"broken.jpg": gallery.Unreadable, "nobody.jpg": gallery.NoFace, "large.jpg": gallery.Unreadable, "group.jpg": gallery.SeveralFaces,
	}; !maps.Equal(problems, want) {
		t.Errorf("problems are %v, want %v", problems, want)
	}
	p.read(t)
	for name := range problems {
		if n := p.log.warnings(name); n != 1 {
			t.Errorf("after two readings there are %d warnings about %s, want 1", n, name)
		}
	}
	p.write(t, "broken.jpg", "h")
	p.read(t)
	p.mustKnow(t, 'h', "broken.jpg")
}

func TestFolderThatIsNotThere(t *testing.T) {
	t.Run("from the start is an empty gallery", func(t *testing.T) {
		p := newPeople(t, nil)
		if err := os.Remove(p.dir); err != nil {
			t.Fatal(err)
		}
		p.read(t)
		if err := p.Ready(); err != nil {
			t.Errorf("it is not ready: %v", err)
		}
		if err := os.Mkdir(p.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		p.write(t, "dad.jpg", "d")
		p.read(t)
		p.mustKnow(t, 'd', "dad.jpg")
	})
	t.Run("any more keeps what is known", func(t *testing.T) {
		p := newPeople(t, map[string]string{"dad.jpg": "d"})
		p.read(t)
		if err := os.RemoveAll(p.dir); err != nil {
			t.Fatal(err)
		}
		if err := p.Read(t.Context()); !errors.Is(err, photo.ErrUnreachable) {
			t.Errorf("error is %v, want ErrUnreachable", err)
		}
		p.mustKnow(t, 'd', "dad.jpg")
	})
}

// faulty is a store that fails on demand.
type faulty struct {
	gallery.Store
	mutex      sync.Mutex
	list, read error
	only       string // the photo that cannot be read, when not all
	reads      int
}

func (f *faulty) fail(list, read error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.list, f.read = list, read
}

func (f *faulty) failFor(name string, err error) {
	f.fail(nil, err)
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.only = name
}

func (f *faulty) List(ctx context.Context) ([]photo.Entry, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.list != nil {
		return nil, f.list
	}
	return f.Store.List(ctx)
}

func (f *faulty) Read(ctx context.Context, name string, limit int64) ([]byte, photo.Entry, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.reads++
	if f.read != nil && (f.only == "" || f.only == name) {
		return nil, photo.Entry{}, f.read
	}
	return f.Store.Read(ctx, name, limit)
}

func newFaulty(t *testing.T, photos map[string]string) (people, *faulty) {
	t.Helper()
	p := newPeople(t, photos)
	roots, err := photo.Open(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { roots.Close() })
	store := &faulty{Store: roots}
	p.Folder = newFolder(store, p.log)
	return p, store
}

func TestFollowTriesAgain(t *testing.T) {
	p, store := newFaulty(t, map[string]string{"dad.jpg": "d"})
	store.fail(fmt.Errorf("%w: gone fishing", photo.ErrUnreachable), nil)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.Follow(ctx, time.Millisecond)
	}()
	t.Cleanup(func() { cancel(); <-ended })

	if err := p.Ready(); !errors.Is(err, gallery.ErrReading) {
		t.Errorf("before it was read: %v, want ErrReading", err)
	}
	testkit.Eventually(t, patience, "it says why it is not ready", func() bool { return errors.Is(p.Ready(), photo.ErrUnreachable) })
	store.fail(nil, nil)
	select {
	case <-p.Loaded():
	case <-time.After(10 * time.Second):
		t.Fatal("it was not loaded")
	}
	if err := p.Ready(); err != nil {
		t.Errorf("it is not ready: %v", err)
	}
	p.mustKnow(t, 'd', "dad.jpg")
	if n := p.log.warnings(""); n != 1 {
		t.Errorf("there are %d warnings of one failure, want 1", n)
	}
	p.write(t, "mom.jpg", "m")
	testkit.Eventually(t, patience, "the new photo is known", func() bool { return p.knows('m') == "mom.jpg" })
}

func TestFailuresToRead(t *testing.T) {
	t.Run("a store that fails half way leaves the gallery unready", func(t *testing.T) {
		p, store := newFaulty(t, map[string]string{"dad.jpg": "d", "mom.jpg": "m"})
		store.fail(nil, photo.ErrUnreachable)
		if err := p.Read(t.Context()); !errors.Is(err, photo.ErrUnreachable) {
			t.Fatalf("error is %v, want ErrUnreachable", err)
		}
		if p.Ready() == nil {
			t.Error("it is ready")
		}
		store.fail(nil, nil)
		p.read(t)
		p.mustKnow(t, 'm', "mom.jpg")
	})
	t.Run("what was learned before a failure counts as soon as nothing fails", func(t *testing.T) {
		p, store := newFaulty(t, map[string]string{"dad.jpg": "d"})
		p.read(t)
		p.write(t, "mom.jpg", "m")
		p.write(t, "son.jpg", "s")
		store.failFor("son.jpg", photo.ErrUnreachable)
		if err := p.Read(t.Context()); !errors.Is(err, photo.ErrUnreachable) {
			t.Fatalf("error is %v, want ErrUnreachable", err)
		}
		p.remove(t, "son.jpg")
		p.read(t)
		p.mustKnow(t, 'm', "mom.jpg")
	})
	t.Run("a failure of the disk is tried again and logged once", func(t *testing.T) {
		p, store := newFaulty(t, map[string]string{"dad.jpg": "d"})
		store.fail(nil, errors.New("input/output error"))
		p.read(t)
		p.read(t)
		if n := p.log.warnings("dad.jpg"); n != 1 {
			t.Errorf("there are %d warnings, want 1", n)
		}
		store.fail(nil, nil)
		p.read(t)
		p.mustKnow(t, 'd', "dad.jpg")
	})
	t.Run("a photo that went since it was listed is nobody's fault", func(t *testing.T) {
		p, store := newFaulty(t, map[string]string{"dad.jpg": "d"})
		store.fail(nil, photo.ErrNotFound)
		p.read(t)
		if n := p.log.warnings(""); n != 0 {
			t.Errorf("%d warnings, want none", n)
		}
	})
	t.Run("what did not change is not read again", func(t *testing.T) {
		p, store := newFaulty(t, map[string]string{"dad.jpg": "d", "nobody.jpg": ""})
		p.read(t)
		p.read(t)
		if store.reads != 2 {
			t.Errorf("%d reads, want one of each photo", store.reads)
		}
	})
	t.Run("a list that never comes ends with its context", func(t *testing.T) {
		p, _ := newFaulty(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.Read(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v, want the context's", err)
		}
	})
}
