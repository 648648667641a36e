package photo_test

import (
	"os"
	"path/filepath"
	"testing"

	"lineup.dev/lineup/pkg/photo"
)

const plenty = 1 << 20 // a limit that is none

func open(t testing.TB, urls string) *photo.Roots {
	t.Helper()
	roots, err := photo.Open(urls)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := roots.Close(); err != nil {
			t.Error(err)
		}
	})
	return roots
}

func write(t testing.TB, body string, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(body), 0o644); err != nil {
		t.Fatal(err)
	}
}

func link(t testing.TB, target string, path ...string) {
	t.Helper()
	if err := os.Symlink(target, filepath.Join(path...)); err != nil {
		t.Fatal(err)
	}
}

const secret = "what lies outside the roots"

// escapes is a folder that holds a root, pics, and a secret beside it, to which every
// kind of link leads out of the root.
func escapes(t testing.TB) (base string) {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(base, "pics")
	write(t, "picture", root, "a.jpg")
	write(t, "below", root, "sub", "b.jpg")
	write(t, secret, base, "secret.txt")
	write(t, secret, base, "picsother", "a.jpg") // begins like the root
	link(t, "../secret.txt", root, "out")
	link(t, base+"/secret.txt", root, "out-absolute")
	link(t, "..", root, "parent")
	link(t, "/", root, "top")
	link(t, "../../secret.txt", root, "sub", "out")
	link(t, "parent/secret.txt", root, "out-by-two-links")
	link(t, "sub/b.jpg", root, "within")
	link(t, "sub", root, "folder-within")
	link(t, "nowhere", root, "broken")
	link(t, "loop", root, "loop")
	return base
}
