package photo_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/pkg/photo"
)

// A file and a folder turn into links that lead out, and back, while they are
// read: whatever was checked before is out of date.
func TestALinkMadeAfterTheCheckLeadsNowhere(t *testing.T) {
	t.Parallel()
	base := escapes(t)
	write(t, secret, base, "sub", "b.jpg")
	root := filepath.Join(base, "pics")
	roots := open(t, root)
	in := func(name string) string { return filepath.Join(root, name) }
	turn := func() error {
		for _, step := range []func() error{
			func() error { return os.Symlink("../secret.txt", in("next")) },
			func() error { return os.Rename(in("next"), in("a.jpg")) },
			func() error { return os.WriteFile(in("next"), []byte("picture"), 0o644) },
			func() error { return os.Rename(in("next"), in("a.jpg")) },
			func() error { return os.Rename(in("sub"), in("was")) },
			func() error { return os.Symlink("../sub", in("sub")) },
			func() error { return os.Remove(in("sub")) },
			func() error { return os.Rename(in("was"), in("sub")) },
		} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	}
	ctx, stop := context.WithCancel(t.Context())
	var turning sync.WaitGroup
	turning.Go(func() {
		for ctx.Err() == nil {
			if err := turn(); err != nil {
				t.Error(err)
				return
			}
		}
	})
	defer turning.Wait()
	defer stop()
	counts := map[string]int{} // of how reads ended; all four ways must be met
	deadline := time.Now().Add(time.Minute)
	for reads := 0; reads < 2_000 || len(counts) < 4; reads++ {
		if time.Now().After(deadline) {
			t.Fatalf("the reads and the turns did not meet: %v", counts)
		}
		for _, path := range []string{"a.jpg", "sub/b.jpg"} {
			switch body, _, err := roots.Read(t.Context(), path, plenty); {
			case string(body) == secret:
				t.Fatalf("%s gave the secret", path)
			case err == nil:
				counts[path+" read"]++
			case errors.Is(err, photo.ErrOutside):
				counts[path+" refused"]++
			case !errors.Is(err, photo.ErrNotFound):
				t.Fatalf("%s: %v", path, err)
			}
		}
	}
}

func FuzzNoPathReadsWhatLiesOutside(f *testing.F) {
	// The one file inside that has the secret's content is not asked for by its own name.
	traversal := deptest.NewTraversal(f, []byte(secret))
	write(f, "picture", traversal.Root, "a.jpg")
	roots := open(f, traversal.Root+","+filepath.Join(traversal.Root, "sub"))
	for _, path := range traversal.Paths {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		for _, path := range []string{path, traversal.Root + "/" + path, filepath.Join(traversal.Base, path)} {
			if body, _, err := roots.Read(t.Context(), path, plenty); strings.Contains(string(body), secret) {
				t.Errorf("Read(%q) gave the secret, %v", path, err)
			}
		}
	})
}

func FuzzNoPathChangesWhatLiesOutside(f *testing.F) {
	traversal := deptest.NewTraversal(f, []byte(secret))
	roots := open(f, traversal.Root)
	for _, path := range traversal.Paths {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		for _, path := range []string{path, traversal.Root + "/" + path, filepath.Join(traversal.Base, path)} {
			roots.Remove(t.Context(), path) // of all these some may work, below the root
			roots.Save(t.Context(), path, []byte("written"))
		}
		traversal.Untouched(t)
	})
}
