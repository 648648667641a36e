package photo_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lineup.dev/lineup/local/buckets"
	"lineup.dev/lineup/pkg/photo"
)

// nobody is an address where nobody listens.
const nobody = "http://127.0.0.1:1"

func TestReadFromABucket(t *testing.T) {
	t.Parallel()
	o := buckets.Serve(t, "pics", "other")
	for key, body := range map[string]string{
		"a.jpg": "picture", "sub/ä 🙂+%2e?#.jpg": "below", "people/a.jpg": "person", "peoplesecret.jpg": secret, "a": "file", "empty": "",
	} {
		o.Put(t, "pics", key, body)
	}
	o.Put(t, "other", "a.jpg", secret)
	pics, people, gone := o.Root("pics"), o.Root("pics", "&prefix=people/"), o.Root("gone")
	folder := t.TempDir()
	write(t, "from the folder", folder, "a.jpg")

	for name, c := range map[string]struct {
		roots, path, body string
		limit             int64
		err               error
	}{
		"a relative path":                          {pics, "a.jpg", "picture", plenty, nil},
		"the bucket's URL":                         {pics, "s3://pics/a.jpg", "picture", plenty, nil},
		"a URL in capitals":                        {pics, "S3://PICS/a.jpg", "picture", plenty, nil},
		"a key of all kinds of characters":         {pics, "sub/ä 🙂+%2e?#.jpg", "below", plenty, nil},
		"an empty object":                          {pics, "empty", "", 0, nil},
		"as long as allowed":                       {pics, "a.jpg", "picture", 7, nil},
		"a byte too long":                          {pics, "a.jpg", "", 6, photo.ErrTooLarge},
		"a missing key":                            {pics, "b.jpg", "", plenty, photo.ErrNotFound},
		"what would be a folder":                   {pics, "sub", "", plenty, photo.ErrNotFile},
		"a missing bucket":                         {gone, "a.jpg", "", plenty, photo.ErrUnreachable},
		"another bucket's URL":                     {pics, "s3://other/a.jpg", "", plenty, photo.ErrOutside},
		"the bucket by another scheme":             {pics, "gs://pics/a.jpg", "", plenty, photo.ErrOutside},
		"an absolute path":                         {pics, "/a.jpg", "", plenty, photo.ErrOutside},
		"a key that climbs":                        {pics, "s3://pics/../other/a.jpg", "", plenty, photo.ErrRefused},
		"a key below the prefix":                   {people, "a.jpg", "person", plenty, nil},
		"the URL of a key below the prefix":        {people, "s3://pics/people/a.jpg", "person", plenty, nil},
		"the URL of a key beside the prefix":       {people, "s3://pics/peoplesecret.jpg", "", plenty, photo.ErrOutside},
		"the URL of the prefix":                    {people, "s3://pics/people/", "", plenty, photo.ErrOutside},
		"a key that climbs out of the prefix":      {people, "../peoplesecret.jpg", "", plenty, photo.ErrRefused},
		"a key that fits, but not with the prefix": {people, strings.Repeat("a", 1020), "", plenty, photo.ErrNotFound},
		"the URL of a prefix without a slash":      {o.Root("pics", "&prefix=people"), "s3://pics/people", "", plenty, photo.ErrOutside},
		"a folder before it":                       {folder + "," + pics, "a.jpg", "from the folder", plenty, nil},
		"a folder before it, by URL":               {folder + "," + pics, "s3://pics/a.jpg", "picture", plenty, nil},
		"a folder before it without that file":     {folder + "," + pics, "a", "file", plenty, nil},
		"a missing bucket before it":               {gone + "," + pics, "a.jpg", "", plenty, photo.ErrUnreachable},
		"a missing bucket before it, by URL":       {gone + "," + pics, "s3://pics/a.jpg", "picture", plenty, nil},
	} {
		t.Run(name, func(t *testing.T) {
			body, _, err := open(t, c.roots).Read(t.Context(), c.path, c.limit)
			if string(body) != c.body || !errors.Is(err, c.err) {
				t.Errorf("Read(%q) = %q, %v; want %q, %v", c.path, body, err, c.body, c.err)
			}
		})
	}
}

func TestRootsCleanRefusesForeignBuckets(t *testing.T) {
	t.Parallel()
	roots := open(t, "/pics,s3://pics?region=us-east-1,s3://more?region=us-east-1&prefix=people/")
	for name, c := range map[string]struct{ path, want string }{
		"a relative path":                    {"a//b.jpg", "a/b.jpg"},
		"an absolute path outside":           {"/etc/passwd", "/etc/passwd"},
		"an absolute path of the first root": {"/pics/a.jpg", "a.jpg"},
		"an object of a bucket":              {"S3://Pics/a.jpg", "s3://pics/a.jpg"},
		"an object below a prefix":           {"s3://more/people/a.jpg", "s3://more/people/a.jpg"},
		"an object beside a prefix":          {"s3://more/a.jpg", ""},
		"an object of a foreign bucket":      {"s3://others/a.jpg", ""},
		"a bucket of a foreign kind":         {"gs://pics/a.jpg", ""},
		"a web page":                         {"http://pics/a.jpg", ""},
		"a file URL":                         {"file:///pics/a.jpg", ""},
		"a path that climbs, as Clean does":  {"../a.jpg", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := roots.Clean(c.path)
			if got != c.want || errors.Is(err, photo.ErrRefused) != (c.want == "") {
				t.Errorf("Clean(%q) = %q, %v; want %q", c.path, got, err, c.want)
			}
		})
	}
}

func TestSaveToABucketAndListIt(t *testing.T) {
	t.Parallel()
	o := buckets.Serve(t, "pics")
	for _, key := range []string{"top.jpg", "people/", "people/.hidden.jpg", "people/sub/deep.jpg", "peoplesecret.jpg"} {
		o.Put(t, "pics", key, "before")
	}
	roots := open(t, o.Root("pics", "&prefix=people/")+","+t.TempDir())
	for _, path := range []string{"b.jpg", "Ä 🙂.jpg", "s3://pics/people/a.jpg", "new/folder/c.jpg", "b.jpg"} {
		if err := roots.Save(t.Context(), path, []byte(path)); err != nil {
			t.Fatal(err)
		}
		if body, _, err := roots.Read(t.Context(), path, plenty); string(body) != path || err != nil {
			t.Errorf("saved %q, read %q, %v", path, body, err)
		}
	}
	entries, err := roots.List(t.Context())
	var got []string
	for _, entry := range entries {
		got = append(got, fmt.Sprintf("%s %d", entry.Name, entry.Size))
		if time.Since(entry.ModTime).Abs() > time.Minute {
			t.Errorf("%s is of %v", entry.Name, entry.ModTime)
		}
	}
	if want := "a.jpg 22, b.jpg 5, Ä 🙂.jpg 11"; err != nil || strings.Join(got, ", ") != want {
		t.Errorf("listed %q, %v; want %q", got, err, want)
	}
	for name, c := range map[string]struct {
		path string
		err  error
	}{
		"a key that climbs out of the prefix": {"../a.jpg", photo.ErrRefused},
		"a key beside the prefix":             {"s3://pics/a.jpg", photo.ErrOutside},
		"another bucket":                      {"s3://other/people/a.jpg", photo.ErrOutside},
		"a folder's path":                     {"/a.jpg", photo.ErrOutside},
	} {
		if err := roots.Save(t.Context(), c.path, nil); !errors.Is(err, c.err) {
			t.Errorf("save to %s: %v, want %v", name, err, c.err)
		}
	}
}

func TestABucketThatCannotBeReached(t *testing.T) {
	t.Parallel()
	o := buckets.Serve(t, "pics")
	folder := t.TempDir()
	write(t, "from the folder", folder, "a.jpg")
	for name, url := range map[string]string{
		"no such bucket": o.Root("missing"),
		"no server":      strings.ReplaceAll(o.Root("pics"), o.URL, nobody),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			roots := open(t, url+","+folder)
			var all sync.WaitGroup // together: the client asks a server that is away three times, which takes seconds
			all.Go(func() {
				if body, _, err := roots.Read(t.Context(), "a.jpg", plenty); body != nil || !errors.Is(err, photo.ErrUnreachable) {
					t.Errorf("what another root has may be another picture: %q, %v", body, err)
				}
			})
			for what, call := range map[string]func() error{
				"read": func() error { _, _, err := roots.Read(t.Context(), "b.jpg", plenty); return err },
				"list": func() error { _, err := roots.List(t.Context()); return err },
				"save": func() error { return roots.Save(t.Context(), "b.jpg", nil) },
			} {
				all.Go(func() {
					if err := call(); !errors.Is(err, photo.ErrUnreachable) {
						t.Errorf("%s: %v, want ErrUnreachable", what, err)
					}
				})
			}
			all.Wait()
			if _, _, err := roots.Read(t.Context(), filepath.Join(folder, "b.jpg"), plenty); !errors.Is(err, photo.ErrNotFound) {
				t.Errorf("a path that is not the bucket's: %v, want ErrNotFound", err)
			}
		})
	}
}

func TestABucketIsNotWaitedForLongerThanTheContext(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // the kernel accepts for it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	roots := open(t, "s3://pics?region=us-east-1&anonymous=true&use_path_style=true&endpoint=http://"+silent.Addr().String())
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // a busy machine has begun by then
	defer cancel()
	if _, _, err := roots.Read(ctx, "a.jpg", plenty); !errors.Is(err, photo.ErrUnreachable) {
		t.Errorf("%v, want ErrUnreachable", err)
	}
	if _, err := roots.Entry(ctx, "a.jpg"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the deadline", err)
	}
}
