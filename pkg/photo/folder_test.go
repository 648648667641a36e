package photo_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"lineup/pkg/photo"
)

func TestReadFromAFolder(t *testing.T) {
	t.Parallel()
	base := trap(t)
	root := filepath.Join(base, "pics")
	if err := syscall.Mkfifo(filepath.Join(root, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", filepath.Join(root, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	roots := open(t, "file://"+root)

	for name, c := range map[string]struct {
		path, body string
		err        error
	}{
		"a relative path":                          {"a.jpg", "picture", nil},
		"an absolute path":                         {root + "/a.jpg", "picture", nil},
		"a path that has to be cleaned":            {root + "//sub/../sub/./b.jpg", "below", nil},
		"a link within the root":                   {"within", "below", nil},
		"a linked folder within the root":          {"folder-within/b.jpg", "below", nil},
		"no such file":                             {"c.jpg", "", photo.ErrNotFound},
		"a file below a file":                      {"a.jpg/b.jpg", "", photo.ErrNotFound},
		"a link to nowhere":                        {"broken", "", photo.ErrNotFound},
		"a link to itself":                         {"loop", "", photo.ErrNotFound},
		"a name longer than a file can have":       {strings.Repeat("a", 256), "", photo.ErrNotFound},
		"a folder":                                 {"sub", "", photo.ErrNotFile},
		"the root itself":                          {root, "", photo.ErrOutside},
		"a named pipe, without waiting":            {"pipe", "", photo.ErrNotFile},
		"a socket":                                 {"s", "", photo.ErrNotFile},
		"a link out":                               {"out", "", photo.ErrOutside},
		"an absolute link out":                     {"out-absolute", "", photo.ErrOutside},
		"a link out of a folder":                   {"sub/out", "", photo.ErrOutside},
		"a linked folder outside":                  {"parent/secret.txt", "", photo.ErrOutside},
		"a linked folder above everything":         {"top/etc/passwd", "", photo.ErrOutside},
		"a link by another link out":               {"out-by-two-links", "", photo.ErrOutside},
		"a link out and back in":                   {"parent/pics/a.jpg", "", photo.ErrOutside},
		"an absolute path by a link out":           {root + "/out", "", photo.ErrOutside},
		"an absolute path outside":                 {base + "/secret.txt", "", photo.ErrOutside},
		"an absolute path that climbs out":         {root + "/../secret.txt", "", photo.ErrOutside},
		"a folder whose name begins like the root": {root + "other/a.jpg", "", photo.ErrOutside},
		"a relative path that climbs out":          {"../secret.txt", "", photo.ErrRefused},
		"a file URL":                               {"file://" + root + "/a.jpg", "", photo.ErrOutside},
		"an object of a bucket":                    {"s3://pics/a.jpg", "", photo.ErrOutside},
	} {
		t.Run(name, func(t *testing.T) {
			body, err := roots.Read(t.Context(), c.path, plenty)
			if string(body) != c.body || !errors.Is(err, c.err) {
				t.Fatalf("Read(%q) = %q, %v; want %q, %v", c.path, body, err, c.body, c.err)
			}
			if err != nil && strings.Contains(strings.ReplaceAll(err.Error(), c.path, ""), base) {
				t.Errorf("the error shows more of the disk than was sent: %v", err)
			}
		})
	}
}

func TestTheLimitOfAFile(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, "12345", root, "a.jpg")
	write(t, "", root, "empty")
	// The files of /proc have size 0 until they are read, as if they grew meanwhile.
	roots := open(t, root+",/proc/self")
	for name, c := range map[string]struct {
		path  string
		limit int64
		err   error
	}{
		"as long as allowed":            {"a.jpg", 5, nil},
		"a byte too long":               {"a.jpg", 4, photo.ErrTooLarge},
		"empty, and nothing is allowed": {"empty", 0, nil},
		"growing past the limit":        {"/proc/self/status", 10, photo.ErrTooLarge},
		"growing within the limit":      {"/proc/self/status", plenty, nil},
	} {
		t.Run(name, func(t *testing.T) {
			body, err := roots.Read(t.Context(), c.path, c.limit)
			if !errors.Is(err, c.err) || (err != nil && body != nil) || int64(len(body)) > c.limit {
				t.Errorf("%d bytes, %v; want %v", len(body), err, c.err)
			}
		})
	}
}

func TestRootsAreAskedInOrder(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	first, second, gone := filepath.Join(base, "first"), filepath.Join(base, "second"), filepath.Join(base, "gone")
	write(t, "first", first, "both.jpg")
	write(t, "second", second, "both.jpg")
	write(t, "second", second, "only.jpg")
	write(t, secret, base, "secret.txt")
	link(t, "../secret.txt", first, "out")
	write(t, "second", second, "out")

	for name, c := range map[string]struct {
		roots, path, body string
		err               error
	}{
		"in both":                           {first + ", file://" + second, "both.jpg", "first", nil},
		"in both, the other way round":      {second + "," + first, "both.jpg", "second", nil},
		"only in the second":                {first + "," + second, "only.jpg", "second", nil},
		"absolute, below the second":        {first + "," + second, second + "/both.jpg", "second", nil},
		"in none":                           {first + "," + second, "none.jpg", "", photo.ErrNotFound},
		"a missing root before it":          {gone + "," + second, "only.jpg", "second", nil},
		"perhaps in the missing root":       {gone + "," + second, "none.jpg", "", photo.ErrUnreachable},
		"perhaps in the missing root, last": {second + "," + gone, "none.jpg", "", photo.ErrUnreachable},
		"absolute, below the missing root":  {second + "," + gone, gone + "/a.jpg", "", photo.ErrUnreachable},
		"absolute, not in the missing root": {gone + "," + second, second + "/none.jpg", "", photo.ErrNotFound},
		"a link out in the first":           {first + "," + second, "out", "", photo.ErrOutside},
		"a root within a root":              {base + "," + first, first + "/both.jpg", "first", nil},
		"everything is a root":              {"/", first + "/both.jpg", "first", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if body, err := open(t, c.roots).Read(t.Context(), c.path, plenty); string(body) != c.body || !errors.Is(err, c.err) {
				t.Errorf("Read(%q) = %q, %v; want %q, %v", c.path, body, err, c.body, c.err)
			}
		})
	}
}

func TestARootThatComesAndGoes(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "later")
	roots := open(t, root)
	unreachable := func() {
		t.Helper()
		_, read := roots.Read(t.Context(), "a.jpg", plenty)
		_, list := roots.List(t.Context())
		for _, err := range []error{read, list, roots.Save(t.Context(), "a.jpg", nil)} {
			if !errors.Is(err, photo.ErrUnreachable) {
				t.Errorf("without the folder: %v, want ErrUnreachable", err)
			}
		}
	}
	unreachable()
	write(t, "picture", root, "a.jpg")
	if body, err := roots.Read(t.Context(), "a.jpg", plenty); string(body) != "picture" || err != nil {
		t.Errorf("with the folder: %q, %v", body, err)
	}
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	unreachable()
}

func TestAnEndedContextReadsNothing(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write(t, "picture", root, "a.jpg")
	roots := open(t, root)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if body, err := roots.Read(ctx, "a.jpg", plenty); body != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%q, %v; want the context's error", body, err)
	}
}

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
	counts := map[string]int{}
	for range 2_000 {
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
	if len(counts) != 4 {
		t.Errorf("the reads and the turns did not meet: %v", counts)
	}
}

func TestSaveToAFolder(t *testing.T) {
	t.Parallel()
	base := trap(t)
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
			if body, err := roots.Read(t.Context(), c.path, plenty); string(body) != name || err != nil {
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
			for range 50 {
				if err := roots.Save(t.Context(), "a.jpg", bodies[i]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Go(func() {
		for range 300 {
			body, err := roots.Read(t.Context(), "a.jpg", plenty)
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
	base := trap(t)
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

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for name, urls := range map[string]string{
		"nothing":                    "",
		"a comma too many":           "/a,,/b",
		"a relative file URL":        "file://a",
		"an unknown kind of bucket":  "ftp://a/b",
		"what is no URL":             "s3://%zz",
		"one bad root among good":    "/a,ftp://b",
		"a bucket without a scheme ": "://a",
	} {
		t.Run(name, func(t *testing.T) {
			if roots, err := photo.Open(urls); err == nil {
				t.Errorf("Open(%q) = %v", urls, roots)
			}
		})
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
