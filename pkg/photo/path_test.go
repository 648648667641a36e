package photo_test

import (
	"errors"
	"strings"
	"testing"

	"lineup.dev/lineup/local/deptest"
	"lineup.dev/lineup/pkg/photo"
)

func TestClean(t *testing.T) {
	for name, c := range map[string]struct{ path, want string }{
		"an absolute path stays":                      {"/home/user/a.jpg", "/home/user/a.jpg"},
		"an absolute path cannot climb above /":       {"/../../etc/passwd", "/etc/passwd"},
		"doubled slashes and dots go":                 {"a//./b/../c.jpg", "a/c.jpg"},
		"a relative path may climb and come back":     {"a/../b.jpg", "b.jpg"},
		"nothing is unescaped":                        {"%2e%2e/a.jpg", "%2e%2e/a.jpg"},
		"a URL's scheme and bucket become lower case": {"S3://Pics//a/B.jpg", "s3://pics/a/B.jpg"},
		"a colon makes no URL":                        {"a:b.jpg", "a:b.jpg"},
		"a path of 1,024 bytes is the longest":        {strings.Repeat("a", 1024), strings.Repeat("a", 1024)},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := photo.Clean(c.path)
			if err != nil || got != c.want {
				t.Errorf("Clean(%q) = %q, %v; want %q", c.path, got, err, c.want)
			}
		})
	}
	for name, path := range map[string]string{
		"nothing":                        "",
		"a path of 1,025 bytes":          strings.Repeat("a", 1025),
		"a NUL byte":                     "a\x00.jpg",
		"invalid UTF-8":                  "a\xff.jpg",
		"overlong UTF-8 of a dot":        "\xc0\xae\xc0\xae/a.jpg",
		"a relative path that climbs":    "../a.jpg",
		"one that climbs after a while":  "a/../../b.jpg",
		"the root itself":                "a/..",
		"a key that climbs":              "s3://pics/../a.jpg",
		"a bucket without a key":         "s3://pics/",
		"a URL that climbs past its key": "s3://pics/a/../../b.jpg",
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			if got, err := photo.Clean(path); !errors.Is(err, photo.ErrRefused) {
				t.Errorf("Clean(%q) = %q, %v; want a refusal", path, got, err)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	for _, seed := range append(deptest.NewTraversal(f, nil).Paths, "a", "/a/../b", "s3://b/k", "a/./b//c", "file:///a", "A000://../0") {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		clean, err := photo.Clean(path)
		if err != nil {
			return
		}
		if again, err := photo.Clean(clean); err != nil || again != clean {
			t.Errorf("Clean(%q) = %q, and of that %q, %v: want one form", path, clean, again, err)
		}
		for part := range strings.SplitSeq(clean, "/") {
			if part == ".." {
				t.Errorf("Clean(%q) = %q still climbs", path, clean)
			}
		}
	})
}
