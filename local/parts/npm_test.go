package parts

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAPackageIsUnpackedOnlyAsPinned(t *testing.T) {
	t.Parallel()
	tarball := filepath.Join(t.TempDir(), "p.tgz")
	writeTarball(t, tarball, map[string]string{"package/a": "one", "package/b/c": "two", "package/d": "three"})
	for name, test := range map[string]struct {
		files []packed
		want  map[string]string
		error string
	}{
		"what is wanted is written, the rest is not": {[]packed{{"package/b/c", sum("two"), 0}}, map[string]string{"c": "two"}, ""},
		"several files":                   {[]packed{{"package/d", sum("three"), 0}, {"package/a", sum("one"), 0}}, map[string]string{"a": "one", "d": "three"}, ""},
		"another content than pinned":     {[]packed{{"package/a", sum("two"), 0}}, nil, "package/a has sha256"},
		"a file that the package has not": {[]packed{{"package/x", sum("one"), 0}}, nil, "package/x is not in it"},
		"a folder in place of a file":     {[]packed{{"package/b", sum("one"), 0}}, nil, "package/b is not in it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			err := pack{spec: "p@1", files: test.files}.extract(tarball, dir)
			if test.error != "" {
				if err == nil || !strings.Contains(err.Error(), test.error) {
					t.Errorf("the error is %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := make(map[string]string)
			files, _ := os.ReadDir(dir)
			for _, f := range files {
				content, _ := os.ReadFile(filepath.Join(dir, f.Name()))
				got[f.Name()] = string(content)
			}
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestAFolderChangesItsNameWithWhatIsPinned(t *testing.T) {
	t.Parallel()
	a := pack{spec: "@scope/name@1.2.3", files: []packed{{"package/a", "1", 0}}}
	b := pack{spec: "@scope/name@1.2.3", files: []packed{{"package/a", "2", 0}}}
	if a.folder() == b.folder() {
		t.Errorf("both are %s", a.folder())
	}
	if !strings.HasPrefix(a.folder(), "scope-name-1.2.3-") {
		t.Errorf("the name is %s", a.folder())
	}
}

func TestWithoutNpmTheErrorSaysWhatToDo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := newCache(t).fetch(t.Context(), portraits)
	if err == nil || !strings.Contains(err.Error(), "apt-get install npm") {
		t.Errorf("the error is %v", err)
	}
}

func TestWhatIsCachedNeedsNoNpm(t *testing.T) {
	want, err := userCache(t).Photo(t.Context(), "sample1.jpg")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir())
	if got, err := userCache(t).Photo(t.Context(), "sample1.jpg"); err != nil || got != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func sum(content string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(content))) }

func writeTarball(t *testing.T, name string, files map[string]string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zip := gzip.NewWriter(f)
	archive := tar.NewWriter(zip)
	for member, content := range files {
		if err := archive.WriteHeader(&tar.Header{Name: member, Mode: 0o644, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
}
