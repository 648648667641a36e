package photo

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"lineup.dev/lineup/local/buckets"
	"lineup.dev/lineup/local/testkit"
)

// What tells whether other files are given is that a byte of one is read, and files all over
// the root are tried.
func TestWhatIsLearntOfOneFilesRefusal(t *testing.T) {
	t.Parallel()
	gets := func(refused func(key string) bool) buckets.Fault {
		return func(w http.ResponseWriter, r *http.Request, key string) bool {
			return r.Method == http.MethodGet && key != "" && refused(key) && buckets.Refuse(http.StatusForbidden, "AccessDenied")(w, r, key)
		}
	}
	privately := func(key string) bool { return strings.Contains(key, "private") }
	for name, c := range map[string]struct {
		keys  string
		fault buckets.Fault
		first string // read before the fault
		want  error
	}{
		"every object answers a HEAD and no GET":    {"a b c", gets(func(string) bool { return true }), "", ErrUnreachable},
		"the same after one was read":               {"a b c", gets(func(string) bool { return true }), "b", ErrUnreachable},
		"a folder is forbidden":                     {"a/private/1 a/private/2 a/private/3 a/private/4 a/private/5 a/private/6 a/z/1", gets(privately), "", ErrDenied},
		"a folder at the top is forbidden":          {"private/1 private/2 private/3 private/4 private/5 private/6 private/7/1 z/z/1", gets(privately), "", ErrDenied},
		"the folders before the last are forbidden": {"private1/1 private2/1 private3/1 private4/1 private5/1 private6/1 private7/1 z/1", gets(privately), "", ErrDenied},
		"one is forbidden in a bucket that is archived": {"private b", func(w http.ResponseWriter, r *http.Request, key string) bool {
			return gets(privately)(w, r, key) || buckets.Archive("b")(w, r, key)
		}, "", ErrDenied},
		"the only object is archived": {"a", buckets.Archive("a"), "", ErrDenied},
		"all may be read and nothing listed": {"private b", func(w http.ResponseWriter, r *http.Request, key string) bool {
			return gets(privately)(w, r, key) || key == "" && buckets.Refuse(http.StatusForbidden, "AccessDenied")(w, r, key)
		}, "b", ErrDenied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, prefix := range []string{"", "part/"} {
				o := buckets.Serve(t, "pics")
				keys := strings.Fields(c.keys)
				for _, key := range keys {
					o.Put(t, "pics", prefix+key, "picture")
				}
				roots := testkit.Must(Open(o.Root("pics", "&prefix="+prefix)))(t)
				if c.first != "" {
					if _, _, err := roots.Read(t.Context(), c.first, 100); err != nil {
						t.Fatal(err)
					}
				}
				o.Misbehave(func(w http.ResponseWriter, r *http.Request, key string) bool {
					_, key, _ = strings.Cut("/"+key, "/"+prefix)
					return c.fault(w, r, key)
				})
				_, _, err := roots.Read(t.Context(), keys[0], 100)
				if !errors.Is(err, c.want) || errors.Is(err, ErrDenied) && errors.Is(err, ErrUnreachable) {
					t.Errorf("below %q: %v, want %v", prefix, err, c.want)
				}
			}
		})
	}
}

// unreadable is a disk whose files can be opened, and not be read.
type unreadable struct{ *disk }

func (u unreadable) open(_ context.Context, name string) (io.ReadCloser, Entry, error) {
	return io.NopCloser(iotest.ErrReader(fileError(syscall.EIO))), Entry{Name: name, Size: 10}, nil
}

func (u unreadable) stat(_ context.Context, name string) (Entry, error) {
	return Entry{Name: name, Size: 10}, nil
}

func TestADiskThatGivesNoByteOfAnyFile(t *testing.T) {
	t.Parallel()
	r := rootsOf(&disk{dir: "/a"})
	r.roots[0].root = unreadable{r.roots[0].root.(*disk)}
	if _, _, err := r.Read(t.Context(), "/a/1.jpg", 100); !errors.Is(err, ErrUnreachable) {
		t.Errorf("%v, want ErrUnreachable", err)
	}
}

func TestAFolderThatMayNotBeReadIsNotTheRoot(t *testing.T) {
	t.Parallel()
	root := testkit.Must(newFolder(t.TempDir()))(t)
	for _, name := range []string{"private/1.jpg", "private/2.jpg", "private/sub/3.jpg", "z/z/4.jpg"} {
		testkit.Succeed(t, root.save(t.Context(), name, []byte("picture")))
	}
	g := &guarded{root: private{root}}
	if _, err := g.root.top(t.Context(), "private/"); err == nil {
		t.Fatal("the folder is listed")
	}
	if err := g.weigh(t.Context(), "private/1.jpg", fileError(syscall.EACCES)); !errors.Is(err, ErrDenied) || errors.Is(err, ErrUnreachable) {
		t.Errorf("%v, want ErrDenied alone", err)
	}
}

// private is a folder root whose folder private may not be read (to root, that runs tests in
// containers, every file may be).
type private struct{ root }

func (p private) top(ctx context.Context, folder string) ([]string, error) {
	if strings.HasPrefix(folder, "private/") {
		return nil, fileError(syscall.EACCES)
	}
	return p.root.top(ctx, folder)
}
