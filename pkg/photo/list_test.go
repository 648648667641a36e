package photo_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"lineup.dev/lineup/local/buckets"
	"lineup.dev/lineup/pkg/photo"
)

// stores is a root of each kind, empty.
func stores(t *testing.T) map[string]*photo.Roots {
	t.Helper()
	all := map[string]*photo.Roots{}
	for name, url := range map[string]string{
		"a folder": t.TempDir(),
		"a bucket": buckets.Serve(t, "pics").Root("pics"),
	} {
		roots, err := photo.Open(url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { roots.Close() })
		all[name] = roots
	}
	return all
}

func TestListAndRemove(t *testing.T) {
	for kind, roots := range stores(t) {
		t.Run(kind, func(t *testing.T) {
			for _, name := range []string{"top.jpg", ".kept/b", ".kept/a", ".kept/.hidden", ".kept/below/c"} {
				if err := roots.Save(t.Context(), name, []byte("x")); err != nil {
					t.Fatal(err)
				}
			}
			names := func(entries []photo.Entry, err error) (names []string) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range entries {
					names = append(names, e.Name)
				}
				return names
			}
			if got := names(roots.List(t.Context())); !slices.Equal(got, []string{"top.jpg"}) {
				t.Errorf("at the top are %q", got)
			}
			for range 2 { // gone already counts as removed
				if err := roots.Remove(t.Context(), ".kept/a"); err != nil {
					t.Fatal(err)
				}
			}
			if _, _, err := roots.Read(t.Context(), ".kept/a", 1); !errors.Is(err, photo.ErrNotFound) {
				t.Errorf("what was removed: error is %v, want ErrNotFound", err)
			}
			if err := roots.Remove(t.Context(), "../up"); !errors.Is(err, photo.ErrRefused) {
				t.Errorf("a file above: error is %v, want a refusal", err)
			}
		})
	}
}

func TestNothingOutsideIsRemoved(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	secret := filepath.Join(outside, "secret")
	if err := os.WriteFile(secret, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	roots, err := photo.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := roots.Remove(t.Context(), "link/secret"); err == nil {
		t.Error("a file outside was removed")
	}
	if _, err := os.Stat(secret); err != nil {
		t.Error(err)
	}
}
