package photo_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lineup.dev/lineup/local/buckets"
	"lineup.dev/lineup/pkg/photo"
)

// walk gives at most limit of the names that a walk has behind the name after.
func walk(t *testing.T, roots *photo.Roots, folder, after string, limit int) (names []string) {
	t.Helper()
	clean, err := roots.CleanFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	for name, err := range roots.Walk(t.Context(), clean, after) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
		if len(names) == limit {
			break
		}
	}
	return names
}

// pictures are files of which a walk takes those that are in wanted.
var (
	pictures = []string{
		"a.jpg", "a/b.PNG", "a/b/c.webp", "a/b.gif", "a0.jpeg", "a-", "without", "without.jfif", "ä 🙂+%2e?#.jpg", "z/z/z/z.jpg",
		".hidden.jpg", ".folder/a.jpg", "a/.hidden.png", "a/.thumbnails/a.jpg", "a.txt", "a.jpg.json", "derived/a.jpg", "people/a.jpg", "people/sub/a.jpg", "other/derived/a.jpg",
	}
	wanted = []string{
		"a-", "a.jpg", "a/b.PNG", "a/b.gif", "a/b/c.webp", "a0.jpeg", "other/derived/a.jpg", "without", "without.jfif", "z/z/z/z.jpg", "ä 🙂+%2e?#.jpg",
	}
)

func TestWalkGivesEveryPictureInOrderAndFromAnyName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := buckets.Serve(t, "pics")
	for _, name := range pictures {
		write(t, name, dir, name)
		o.Put(t, "pics", "in/"+name, name)
	}
	for _, key := range []string{"in/", "in/a//b.jpg", "in/./a.jpg", "in/folder/", "out/a.jpg"} { // none that a path could name, or below the prefix
		o.Put(t, "pics", key, "")
	}
	for name, c := range map[string]struct{ root, gallery, folder string }{
		"a folder by its own path":  {dir, filepath.Join(dir, "people"), dir + "/"},
		"a folder, all of the root": {dir, filepath.Join(dir, "people"), "./"},
		"a bucket by its own path":  {o.Root("pics", "&prefix=in/"), o.Root("pics", "&prefix=in/people/"), "s3://pics/in/"},
		"a bucket, all of the root": {o.Root("pics", "&prefix=in/"), o.Root("pics", "&prefix=in/people/"), "./"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			roots := open(t, c.root)
			roots.Reserve(open(t, c.gallery))
			want := wanted
			if got := walk(t, roots, c.folder, "", 0); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			for i, after := range want { // one at a time, as if broken off behind each
				if got := walk(t, roots, c.folder, after, 0); !slices.Equal(got, want[i+1:]) {
					t.Errorf("after %q: %q, want %q", after, got, want[i+1:])
				}
			}
			if got := walk(t, roots, c.folder, "a/b", 2); !slices.Equal(got, []string{"a/b.PNG", "a/b.gif"}) {
				t.Errorf("after a name that is gone: %q", got)
			}
		})
	}
}

func TestWalkBelowAFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	o := buckets.Serve(t, "pics")
	for _, name := range pictures {
		write(t, name, dir, name)
		o.Put(t, "pics", name, name)
	}
	empty := t.TempDir()
	for _, c := range []struct{ root, folder string }{
		{empty + "," + dir + "," + o.Root("pics"), "a/"}, // in the first that has it
		{dir, "a/"}, {dir, dir + "/./a//"}, {o.Root("pics"), "a/"}, {o.Root("pics"), "S3://Pics/a/"},
	} {
		if got := walk(t, open(t, c.root), c.folder, "", 0); !slices.Equal(got, []string{"b.PNG", "b.gif", "b/c.webp"}) {
			t.Errorf("%s: %q", c.folder, got)
		}
	}
	for folder, want := range map[string]string{"a/": "a/x.jpg", "./": "x.jpg", "/data/a/": "/data/a/x.jpg", "s3://pics/": "s3://pics/x.jpg"} {
		if got := photo.InFolder(folder, "x.jpg"); got != want {
			t.Errorf("in %s: %s, want %s", folder, got, want)
		}
	}
}

// Links to files within the root are pictures; none leads out, and none to a folder is
// followed, since it might lead round in a circle.
func TestWalkFollowsNoLinkOutAndNoneToAFolder(t *testing.T) {
	t.Parallel()
	base := escapes(t)
	if got := walk(t, open(t, filepath.Join(base, "pics")), "./", "", 0); !slices.Equal(got, []string{"a.jpg", "sub/b.jpg", "within"}) {
		t.Errorf("got %q", got)
	}
	for _, folder := range []string{"parent/", "top/", "folder-within/"} {
		roots := open(t, filepath.Join(base, "pics"))
		for name, err := range roots.Walk(t.Context(), folder, "") {
			if folder != "folder-within/" && err == nil {
				t.Errorf("below %s there is %q", folder, name)
			}
		}
	}
}

func TestWalkEndsWithItsContextAndTellsOfWhatItCannotRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, "", dir, "a.jpg")
	ended, end := context.WithCancel(t.Context())
	end()
	o := buckets.Serve(t)
	for name, c := range map[string]struct {
		ctx  context.Context
		root string
		want error
	}{
		"a context that ended": {ended, dir, context.Canceled},
		"a folder root's":      {t.Context(), filepath.Join(dir, "gone"), photo.ErrUnreachable},
		"a bucket root's":      {t.Context(), o.Root("gone"), photo.ErrUnreachable},
	} {
		var got error
		for _, err := range open(t, c.root).Walk(c.ctx, "./", "") {
			got = err
		}
		if !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestFindFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, "", dir, "sub", "a.jpg")
	o := buckets.Serve(t, "pics", "empty")
	o.Put(t, "pics", "in/a.jpg", "")
	for _, c := range []struct {
		roots, folder string
		want          error
	}{
		{dir, "sub/", nil},
		{dir, dir + "/", nil},
		{dir, "./", nil},
		{dir, "gone/", photo.ErrNoFolder},
		{dir, "sub/a.jpg/", photo.ErrNoFolder},
		{dir, "/elsewhere/", photo.ErrOutside},
		{dir, filepath.Dir(dir) + "/", photo.ErrOutside},
		{dir, strings.Repeat("x", 300) + "/", photo.ErrNoFolder},
		{dir + "/gone", "sub/", photo.ErrUnreachable},
		{dir + "," + dir + "/sub", "sub/", nil},
		{o.Root("pics"), "s3://pics/", nil},
		{o.Root("pics"), "s3://pics/in/", nil},
		{o.Root("pics"), "in/", nil},
		{o.Root("pics"), "s3://pics/gone/", photo.ErrNoFolder},
		{o.Root("empty"), "s3://empty/", nil},
		{o.Root("gone"), "s3://gone/in/", photo.ErrUnreachable},
	} {
		roots := open(t, c.roots)
		clean, err := roots.CleanFolder(c.folder)
		if err != nil {
			t.Fatal(err)
		}
		if got := roots.FindFolder(t.Context(), clean); !errors.Is(got, c.want) {
			t.Errorf("%s in %s: %v, want %v", c.folder, c.roots, got, c.want)
		}
	}
}

func TestCleanFolder(t *testing.T) {
	t.Parallel()
	roots := open(t, "/data,s3://pics?region=us-east-1&prefix=in/")
	for folder, want := range map[string]string{
		"a/": "a/", "./a/../b//": "b/", "./": "./", "a/..//": "./", "/": "/", "/data/./": "./", "/data/a/": "a/", "S3://PICS/in//": "s3://pics/in/",
	} {
		if got, err := roots.CleanFolder(folder); got != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", folder, got, err, want)
		}
	}
	for _, folder := range []string{"", "a", "../", "a/../../", "s3://other/", "s3://pics/out/", "s3://pics/", "a\x00/", "\xff/", strings.Repeat("a", photo.MaxPath+1) + "/"} {
		if got, err := roots.CleanFolder(folder); !errors.Is(err, photo.ErrRefused) {
			t.Errorf("%q: %q, %v", folder, got, err)
		}
	}
}

func TestCheckPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	roots := open(t, dir+",s3://pics?region=us-east-1&prefix=in/,"+dir+"/other")
	roots.Reserve(open(t, dir+"/people,s3://pics?region=us-east-1&prefix=in/people/,/elsewhere,"+dir))
	for path, refused := range map[string]bool{
		"a.jpg": false, dir + "/a.jpg": false, "s3://pics/in/a.jpg": false, "peoples/a.jpg": false, "/elsewhere/a.jpg": false, ".folder/a.jpg": false, "s3://pics/in/derived/a.jpg": false,
		".a.jpg": true, "a/.b.jpg": true, "derived/a.jpg": true, dir + "/derived/a/b.jpg": true, "people/a.jpg": true, dir + "/people/a.jpg": true, "s3://pics/in/people/a.jpg": true,
	} {
		if err := roots.CheckPlace(path); (err != nil) != refused || err != nil && !errors.Is(err, photo.ErrRefused) {
			t.Errorf("%s: %v, want refused %v", path, err, refused)
		}
	}
}

func TestObjectPath(t *testing.T) {
	t.Parallel()
	roots := open(t, t.TempDir()+",s3://pics?region=us-east-1&prefix=.in/,s3://all?region=us-east-1")
	roots.Reserve(open(t, "s3://all?region=us-east-1&prefix=people/"))
	for _, c := range []struct {
		bucket, key, path string
		err               error
	}{
		{"pics", ".in/a b+%2e.jpg", "s3://pics/.in/a b+%2e.jpg", nil},
		{"pics", "out/a.jpg", "", photo.ErrPassedOver},
		{"All", "a", "s3://all/a", nil},
		{"all", "a.txt", "", photo.ErrPassedOver},
		{"all", "a/", "", photo.ErrPassedOver},
		{"all", "a//b.jpg", "", photo.ErrPassedOver},
		{"all", "/a.jpg", "", photo.ErrPassedOver},
		{"all", "", "", photo.ErrPassedOver},
		{"all", "a\xff.jpg", "", photo.ErrPassedOver},
		{"all", strings.Repeat("a", 1024) + ".jpg", "", photo.ErrPassedOver},
		{"all", "people/a.jpg", "", photo.ErrPassedOver},
		{"all", ".trash/a.jpg", "", photo.ErrPassedOver},
		{"other", "a.jpg", "", photo.ErrOutside},
	} {
		if path, err := roots.ObjectPath(c.bucket, c.key); path != c.path || !errors.Is(err, c.err) {
			t.Errorf("%s %.40q: %q, %v, want %q, %v", c.bucket, c.key, path, err, c.path, c.err)
		}
	}
}

func FuzzCleanFolder(f *testing.F) {
	for _, seed := range []string{"a/", "./", "/data/a/", "s3://pics/in/", "a/../", "//", "/", "../", "a/./../b//"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, folder string) {
		roots := open(t, "/data,s3://pics?region=us-east-1&prefix=in/")
		clean, err := roots.CleanFolder(folder)
		if err != nil {
			return
		}
		if !strings.HasSuffix(clean, "/") || len(clean) > photo.MaxPath {
			t.Errorf("%q is cleaned to %q", folder, clean)
		}
		if again, err := roots.CleanFolder(clean); again != clean || err != nil {
			t.Errorf("%q is cleaned to %q, and that to %q, %v", folder, clean, again, err)
		}
		if path, err := roots.Clean(photo.InFolder(clean, "a.jpg")); err == nil && photo.InFolder(clean, "a.jpg") != path {
			t.Errorf("in %q the picture is %q", clean, path)
		}
	})
}
