package photo_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"lineup.dev/lineup/pkg/photo"
)

func TestReadFromAFolder(t *testing.T) {
	t.Parallel()
	base := escapes(t)
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
			body, _, err := roots.Read(t.Context(), c.path, plenty)
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
			body, _, err := roots.Read(t.Context(), c.path, c.limit)
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
		"a missing root before it":          {gone + "," + second, "only.jpg", "", photo.ErrUnreachable},
		"perhaps in the missing root":       {gone + "," + second, "none.jpg", "", photo.ErrUnreachable},
		"perhaps in the missing root, last": {second + "," + gone, "none.jpg", "", photo.ErrUnreachable},
		"absolute, below the missing root":  {second + "," + gone, gone + "/a.jpg", "", photo.ErrUnreachable},
		"absolute, not in the missing root": {gone + "," + second, second + "/none.jpg", "", photo.ErrNotFound},
		"a link out in the first":           {first + "," + second, "out", "", photo.ErrOutside},
		"a root within a root":              {base + "," + first, first + "/both.jpg", "first", nil},
		"everything is a root":              {"/", first + "/both.jpg", "first", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if body, _, err := open(t, c.roots).Read(t.Context(), c.path, plenty); string(body) != c.body || !errors.Is(err, c.err) {
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
		_, _, read := roots.Read(t.Context(), "a.jpg", plenty)
		_, list := roots.List(t.Context())
		for _, err := range []error{read, list, roots.Save(t.Context(), "a.jpg", nil)} {
			if !errors.Is(err, photo.ErrUnreachable) {
				t.Errorf("without the folder: %v, want ErrUnreachable", err)
			}
		}
	}
	unreachable()
	write(t, "picture", root, "a.jpg")
	if body, _, err := roots.Read(t.Context(), "a.jpg", plenty); string(body) != "picture" || err != nil {
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
	if body, _, err := roots.Read(ctx, "a.jpg", plenty); body != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%q, %v; want the context's error", body, err)
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
