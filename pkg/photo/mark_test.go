package photo_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lineup.dev/lineup/local/buckets"
	"lineup.dev/lineup/local/testkit"
	"lineup.dev/lineup/pkg/photo"
)

func TestAMarkTellsAFileFromOneThatTookItsPlace(t *testing.T) {
	at := time.Date(2026, 11, 27, 4, 0, 0, 1, time.UTC)
	whole := at.Truncate(time.Second)
	file, object := photo.Entry{Size: 100, ModTime: at}, photo.Entry{Size: 100, ModTime: at, ETag: `"abc"`}
	long := strings.Repeat("x", 1000)
	for name, c := range map[string]struct {
		looked, now photo.Entry
		same        bool
	}{
		"the same file":                       {file, photo.Entry{Name: "b.jpg", Size: 100, ModTime: at.In(time.FixedZone("", 3600))}, true},
		"another size":                        {file, photo.Entry{Size: 101, ModTime: at}, false},
		"a nanosecond later":                  {file, photo.Entry{Size: 100, ModTime: at.Add(time.Nanosecond)}, false},
		"restored from an archive of seconds": {file, photo.Entry{Size: 100, ModTime: whole}, true},
		"seen by seconds, then finer":         {photo.Entry{Size: 100, ModTime: whole}, file, true},
		"another second":                      {file, photo.Entry{Size: 100, ModTime: whole.Add(time.Second)}, false},
		"by seconds, of another size":         {file, photo.Entry{Size: 10, ModTime: whole}, false},
		"overwritten while it was read":       {file, photo.Entry{Size: 100}, false},
		"overwritten while it was looked at":  {photo.Entry{Size: 100}, photo.Entry{Size: 100}, false},
		"the same object":                     {object, object, true},
		"an object that was copied":           {object, photo.Entry{Size: 100, ModTime: at.Add(time.Hour), ETag: `"abc"`}, true},
		"another object":                      {object, photo.Entry{Size: 100, ModTime: at, ETag: `"abd"`}, false},
		"a store that no longer tells ETags":  {object, file, false},
		"weak ETags":                          {photo.Entry{Size: 100, ModTime: at, ETag: `W/"a"`}, photo.Entry{Size: 100, ModTime: at.Add(time.Hour), ETag: `W/"a"`}, false},
		"long ETags":                          {photo.Entry{Size: 100, ETag: long}, photo.Entry{Size: 100, ETag: long + "x"}, false},
		"an ETag of control characters":       {photo.Entry{Size: 100, ETag: "a\n"}, photo.Entry{Size: 100, ETag: "a\n"}, true},
	} {
		mark := c.looked.Mark()
		if c.now.Is(mark) != c.same {
			t.Errorf("%s: %+v is the one of %q: %v, want %v", name, c.now, mark, !c.same, c.same)
		}
		if mark == "" || len(mark) > photo.MarkBytes || strings.Contains(mark, "\n") || c.now.Is("") || c.now.Is("x") {
			t.Errorf("%s: the mark is %q", name, mark)
		}
	}
}

// Whoever reads a file and whoever only asks for it must see the same mark.
func TestReadAndEntryTellTheSameFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, "picture", folder, "a.jpg")
	o := buckets.Serve(t, "pics")
	o.Put(t, "pics", "a.jpg", "picture")
	for name, urls := range map[string]string{"a folder": folder, "a bucket": o.Root("pics"), "the second root": t.TempDir() + "," + folder} {
		roots := open(t, urls)
		mark := func() string {
			_, read, err := roots.Read(t.Context(), "a.jpg", plenty)
			testkit.Succeed(t, err)
			if _, refused, err := roots.Read(t.Context(), "a.jpg", 3); err == nil || refused.Mark() != read.Mark() {
				t.Errorf("%s: of a file too large Read tells %+v, %v, want %+v", name, refused, err, read)
			}
			asked := testkit.Must(roots.Entry(t.Context(), "a.jpg"))(t)
			if read.Size != int64(len("picture")) || read.Mark() != asked.Mark() {
				t.Errorf("%s: read %+v, asked %+v", name, read, asked)
			}
			return asked.Mark()
		}
		before := mark()
		testkit.Succeed(t, os.Chtimes(filepath.Join(folder, "a.jpg"), time.Time{}, time.Now().Add(time.Hour)))
		o.Put(t, "pics", "a.jpg", "another")
		if after := mark(); after == before {
			t.Errorf("%s: overwritten, the mark is still %q", name, after)
		}
		if _, err := roots.Entry(t.Context(), "gone.jpg"); err == nil {
			t.Errorf("%s: a file that is not there is one", name)
		}
		o.Put(t, "pics", "a.jpg", "picture")
	}
}

func TestAFileBelowTheFirstRootHasOnePath(t *testing.T) {
	t.Parallel()
	for urls, cases := range map[string]map[string]struct{ clean, other string }{
		"/pics,/more": {
			"/pics/a/../b.jpg": {"b.jpg", "/pics/b.jpg"},
			"b.jpg":            {"b.jpg", "/pics/b.jpg"},
			"/more/b.jpg":      {"/more/b.jpg", ""},
			"/picsother/b.jpg": {"/picsother/b.jpg", ""},
			"/pics":            {"/pics", ""},
			"/pics/s3:/b/c":    {"s3:/b/c", "/pics/s3:/b/c"},
		},
		"s3://pics?region=us-east-1,/more": {
			"S3://Pics/a/b.jpg": {"a/b.jpg", "s3://pics/a/b.jpg"},
			"a/b.jpg":           {"a/b.jpg", "s3://pics/a/b.jpg"},
			"/more/a/b.jpg":     {"/more/a/b.jpg", ""},
		},
		"s3://pics?region=us-east-1&prefix=in/": {
			"s3://pics/in/a.jpg": {"a.jpg", "s3://pics/in/a.jpg"},
			"a.jpg":              {"a.jpg", "s3://pics/in/a.jpg"},
		},
		// The prefix is a part of a name: what follows on it is none.
		"s3://pics?region=us-east-1&prefix=in": {
			"s3://pics/in/a.jpg": {"s3://pics/in/a.jpg", ""},
			"s3://pics/in.jpg":   {".jpg", "s3://pics/in.jpg"},
		},
	} {
		roots := open(t, urls)
		for path, want := range cases {
			clean, err := roots.Clean(path)
			if err != nil || clean != want.clean || roots.Spelled(clean) != want.other {
				t.Errorf("%s: %q is %q, %v, or %q; want %+v", urls, path, clean, err, roots.Spelled(clean), want)
			}
			if again, err := roots.Clean(clean); err != nil || again != clean {
				t.Errorf("%s: %q becomes %q, %v", urls, clean, again, err)
			}
		}
	}
}
