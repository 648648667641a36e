package photo_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"lineup.dev/lineup/pkg/photo"
)

func TestSaveToAFolder(t *testing.T) {
	t.Parallel()
	base := escapes(t)
	root := filepath.Join(base, "pics")
	roots := open(t, root)
	for name, c := range map[string]struct {
		path string
		err  error
	}{
		"a new file":                    {"new.jpg", nil},
		"a file that is there":          {"a.jpg", nil},
		"a file in a new folder":        {"uploads/ab/c.jpg", nil},
		"an absolute path":              {root + "/absolute.jpg", nil},
		"over a link out":               {"out", nil},
		"over a link to nowhere":        {"broken", nil},
		"into a linked folder":          {"folder-within/new.jpg", nil},
		"into a folder outside":         {"parent/new.jpg", photo.ErrOutside},
		"into a new folder outside":     {"parent/folder/new.jpg", photo.ErrOutside},
		"below a file":                  {"a.jpg/b.jpg", syscall.EEXIST},
		"an absolute path outside":      {base + "/new.jpg", photo.ErrOutside},
		"a path that climbs out":        {"../new.jpg", photo.ErrRefused},
		"a bucket's":                    {"s3://pics/new.jpg", photo.ErrOutside},
		"in the place of a folder":      {"sub", syscall.EEXIST},
		"a name longer than a file has": {strings.Repeat("a", 256), syscall.ENAMETOOLONG},
	} {
		t.Run(name, func(t *testing.T) {
			if err := roots.Save(t.Context(), c.path, []byte(name)); !errors.Is(err, c.err) {
				t.Fatalf("Save(%q) = %v, want %v", c.path, err, c.err)
			} else if err != nil {
				return
			}
			if body, _, err := roots.Read(t.Context(), c.path, plenty); string(body) != name || err != nil {
				t.Errorf("saved %q, read %q, %v", name, body, err)
			}
		})
	}
	if body, err := os.ReadFile(filepath.Join(base, "secret.txt")); string(body) != secret || err != nil {
		t.Errorf("what lies outside became %q, %v", body, err)
	}
	outside, err := os.ReadDir(base)
	if err != nil || len(outside) != 3 {
		t.Errorf("beside the root now lie %v, %v", outside, err)
	}
	for _, dir := range []string{root, filepath.Join(root, "sub"), filepath.Join(root, "uploads", "ab")} {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasPrefix(file.Name(), ".") {
				t.Errorf("a temporary file is left in %s: %s", dir, file.Name())
			}
		}
	}
}

func TestAReaderSeesAWholeFileOrTheOneBefore(t *testing.T) {
	t.Parallel()
	roots := open(t, t.TempDir())
	bodies := [][]byte{bytes.Repeat([]byte("a"), 300_000), bytes.Repeat([]byte("b"), 200_000)}
	if err := roots.Save(t.Context(), "a.jpg", bodies[0]); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 2 {
		all.Go(func() {
			for range 15 {
				if err := roots.Save(t.Context(), "a.jpg", bodies[i]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Go(func() {
		for range 100 {
			body, _, err := roots.Read(t.Context(), "a.jpg", plenty)
			if err != nil || !slices.ContainsFunc(bodies, func(whole []byte) bool { return bytes.Equal(whole, body) }) {
				t.Errorf("read %d bytes, %v; want one of the two whole", len(body), err)
			}
		}
	})
	all.Wait()
	if entries, err := roots.List(t.Context()); err != nil || len(entries) != 1 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

func TestListAFolder(t *testing.T) {
	t.Parallel()
	base := escapes(t)
	root := filepath.Join(base, "pics")
	write(t, "hidden", root, ".hidden.jpg")
	write(t, "Ä", root, "Ä.jpg")
	if err := syscall.Mkfifo(filepath.Join(root, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	entries, err := open(t, root+","+base).List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		name, file string
		size       int64
	}{{"a.jpg", "a.jpg", 7}, {"within", "sub/b.jpg", 5}, {"Ä.jpg", "Ä.jpg", 2}}
	if len(entries) != len(want) {
		t.Fatalf("listed %+v, want %+v", entries, want)
	}
	for i, entry := range entries {
		info, err := os.Stat(filepath.Join(root, want[i].file))
		if err != nil {
			t.Fatal(err)
		}
		if entry.Name != want[i].name || entry.Size != want[i].size || !entry.ModTime.Equal(info.ModTime()) {
			t.Errorf("listed %+v, want %+v of %v", entry, want[i], info.ModTime())
		}
	}
}
