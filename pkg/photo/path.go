package photo

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"
)

// MaxPath is how many bytes a path may have; the database's column holds no more.
const MaxPath = 1024

// ErrRefused is wrapped by Clean's errors: a string that is no picture's path.
var ErrRefused = errors.New("path refused")

// Clean checks p and brings it into its one form, looking at nothing but the
// string: p cleaned as by [path.Clean]; the scheme and the bucket of a URL in
// lower case. Two spellings of one path become one.
//
// It refuses, with an error that wraps ErrRefused and says why: an empty path,
// more than MaxPath bytes, NUL, invalid UTF-8, and a relative path or a key that
// climbs out with "..". Nothing in a path is ever unescaped: %2e is three characters.
func Clean(p string) (string, error) {
	switch {
	case p == "":
		return "", refuse("it is empty")
	case len(p) > MaxPath:
		return "", refuse("it has %d bytes, %d are allowed", len(p), MaxPath)
	case strings.ContainsRune(p, 0):
		return "", refuse("it holds a NUL byte")
	case !utf8.ValidString(p):
		return "", refuse("it is no valid UTF-8")
	}
	if path.IsAbs(p) {
		return path.Clean(p), nil
	}
	prefix := ""
	if scheme, rest, found := strings.Cut(p, "://"); found && isScheme(scheme) {
		bucket, key, _ := strings.Cut(rest, "/")
		if bucket == "." || bucket == ".." {
			return "", refuse("%q is no bucket's name", bucket)
		}
		prefix, p = strings.ToLower(scheme+"://"+bucket)+"/", strings.TrimLeft(key, "/")
	}
	p = path.Clean(p)
	if p == "." || p == ".." || strings.HasPrefix(p, "../") {
		return "", refuse("it leads to no file below a picture root")
	}
	return prefix + p, nil
}

func refuse(why string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRefused, fmt.Sprintf(why, args...))
}

// hidden tells whether a part of the name begins with a dot.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || strings.Contains(name, "/.")
}

// isScheme tells whether s could be a URL's scheme (RFC 3986, section 3.1).
func isScheme(s string) bool {
	for i, c := range []byte(s) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(c))) {
			return false
		}
	}
	return s != ""
}

// splitURL cuts a cleaned URL path into "scheme://bucket" and the key; ok is
// false when p is no URL.
func splitURL(p string) (bucket, key string, ok bool) {
	scheme, rest, found := strings.Cut(p, "://")
	if !found || path.IsAbs(p) || !isScheme(scheme) {
		return "", "", false
	}
	name, key, _ := strings.Cut(rest, "/")
	return scheme + "://" + name, key, true
}
