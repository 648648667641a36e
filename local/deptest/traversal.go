package deptest

import (
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Traversal is a folder with a root in it, from which links of every kind lead to a secret beside it, and paths that try
// to reach the secret.
type Traversal struct {
	Base   string // everything
	Root   string // Base/pics, with a.jpg in it
	Paths  []string
	before map[string]string
}

// NewTraversal makes one in which the secret, as every other file, has this content.
func NewTraversal(t testing.TB, content []byte) Traversal {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(err)
	root := filepath.Join(base, "pics")
	for _, dir := range []string{"pics/sub", "picsother", "elsewhere", "PICS"} {
		must(os.MkdirAll(filepath.Join(base, dir), 0o755))
	}
	for _, file := range []string{"pics/a.jpg", "picsother/a.jpg", "elsewhere/a.jpg", "PICS/a.jpg", "secret.jpg"} {
		must(os.WriteFile(filepath.Join(base, file), content, 0o644))
	}
	for link, target := range map[string]string{
		"out.jpg": "../secret.jpg", "absolute.jpg": base + "/secret.jpg", "parent": "..", "top": "/", "sub/out.jpg": "../../secret.jpg",
		"twice.jpg": "parent/secret.jpg", "self": "/proc/self", "%2e%2e": "..", "..\\": "..",
	} {
		must(os.Symlink(target, filepath.Join(root, link)))
	}
	tr := Traversal{Base: base, Root: root, Paths: traversals(base, root)}
	tr.before = tr.outside(t)
	return tr
}

// traversals are the strings by which somebody may try to reach the secret.
func traversals(base, root string) []string {
	secret := base + "/secret.jpg"
	paths := []string{
		secret, "/" + secret, "//" + secret, root + "/../secret.jpg", root + "/./../secret.jpg", root + "//..//secret.jpg", root + "other/a.jpg",
		strings.ToUpper(root) + "/a.jpg", base + "/PICS/a.jpg", base + "/Pics/a.jpg", root, root + "/", base, "/", ".", "..", "",
		"../secret.jpg", "./../secret.jpg", "sub/../../secret.jpg", "a.jpg/../../secret.jpg", "..//secret.jpg", "sub/..//../secret.jpg", "../pics/../secret.jpg",
		strings.Repeat("../", 100) + secret[1:], strings.Repeat("sub/../", 100) + "../secret.jpg",
		"out.jpg", "out.jpg/", "out.jpg/.", "absolute.jpg", "parent/secret.jpg", "parent/pics/parent/secret.jpg", "top" + secret, "sub/out.jpg", "twice.jpg",
		root + "/out.jpg", root + "/parent/secret.jpg", "self/root" + secret, "self/cwd", "self/environ", "sub/../out.jpg", "a.jpg/../out.jpg",
		"%2e%2e/secret.jpg", "%2e%2e%2fsecret.jpg", "..%2fsecret.jpg", "%252e%252e/secret.jpg", "%2e%2e%5csecret.jpg", "..%c0%afsecret.jpg", "%00../secret.jpg",
		"..\\secret.jpg", "..\\/secret.jpg", "sub\\..\\..\\secret.jpg", "\\\\localhost" + secret, "C:" + secret,
		"a.jpg\x00", "\x00" + secret, secret + "\x00.jpg", "../secret.jpg\x00", "a.jpg\x00/../../secret.jpg",
		"\xc0\xae\xc0\xae/secret.jpg", "\xe0\x80\xae\xe0\x80\xae/secret.jpg", "..\xc0\xafsecret.jpg", "\xff" + secret, "..\xff/secret.jpg",
		"．．/secret.jpg", "‥/secret.jpg", "..∕secret.jpg", "..／secret.jpg", "․․/secret.jpg", " ../secret.jpg", "../secret.jpg ", "..\n/secret.jpg", "~/secret.jpg", "$HOME/a.jpg",
		"file://" + secret, "FILE://" + secret, "File:///" + secret, "file:" + secret, "file://localhost" + secret, "file://" + root + "/../secret.jpg", "file://" + root + "/out.jpg",
		"s3://pics/../secret.jpg", "S3://PICS/a.jpg", "s3://" + secret, "http://127.0.0.1/a.jpg", "HTTPS://example.com/a.jpg", "gs://b/a.jpg", "mem://a", "data:image/jpeg,x", "ftp://" + secret, "://" + secret,
		"jar:file://" + secret + "!/a", "-", "--help", "|cat " + secret, "`cat " + secret + "`", "a.jpg; cat " + secret, "'../secret.jpg'", `"../secret.jpg"`,
		"CON", "a.jpg:secret", "/dev/stdin", "/proc/self/root" + secret, "/proc/self/environ", "/etc/passwd", strings.Repeat("a", 5000), strings.Repeat("a/", 511) + "a",
	}
	return append(paths, url.PathEscape(secret), url.QueryEscape("../secret.jpg"))
}

// Untouched wants everything outside the root to be as it was.
func (tr Traversal) Untouched(t testing.TB) {
	t.Helper()
	if now := tr.outside(t); !maps.Equal(now, tr.before) {
		t.Errorf("outside of the root there was %q, now %q", tr.before, now)
	}
}

// outside gives all files outside the root with their content.
func (tr Traversal) outside(t testing.TB) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(tr.Base, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path == tr.Root {
			return filepath.SkipDir
		}
		found[path] = entry.Type().String()
		if entry.Type().IsRegular() {
			content, err := os.ReadFile(path)
			found[path] = string(content)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
