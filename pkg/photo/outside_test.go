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

	"lineup/pkg/photo"
)

// A file and a folder turn into links that lead out, and back, while they are
// read: whatever was checked before is out of date.
func TestALinkMadeAfterTheCheckLeadsNowhere(t *testing.T) {
	t.Parallel()
	base := trap(t)
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
			switch body, err := roots.Read(t.Context(), path, plenty); {
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
	base := trap(f)
	root := filepath.Join(base, "pics")
	roots := open(f, root+","+filepath.Join(root, "sub"))
	for _, path := range []string{
		"a.jpg", "out", "out-absolute", "parent/secret.txt", "top" + base + "/secret.txt", "sub/out", "out-by-two-links", "../secret.txt",
		"sub/../../secret.txt", "parent/pics/parent/secret.txt", root + "/../secret.txt", root + "other/a.jpg", base + "/secret.txt",
		"file://" + base + "/secret.txt", "//" + base + "/secret.txt", "./a.jpg/../out", "folder-within/../out", "out/", "out/.",
	} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		for _, path := range []string{path, root + "/" + path, filepath.Join(base, path)} {
			if body, err := roots.Read(t.Context(), path, plenty); strings.Contains(string(body), secret) {
				t.Errorf("Read(%q) gave the secret, %v", path, err)
			}
		}
	})
}
