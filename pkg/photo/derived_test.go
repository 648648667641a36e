package photo_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"lineup.dev/lineup/local/buckets"
	"lineup.dev/lineup/pkg/photo"
)

func TestDerivedPicturesAreSavedReadAndRemoved(t *testing.T) {
	const name = "0123456789abcdef0123456789abcdef.jpg"
	for what, url := range map[string]string{"a folder": t.TempDir(), "a bucket": buckets.Serve(t, "pics").Root("pics", "&prefix=p/")} {
		t.Run(what, func(t *testing.T) {
			roots, err := photo.Open(url + "," + t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			defer roots.Close()
			has := func(want bool) {
				t.Helper()
				if there, err := roots.HasDerived(t.Context(), name); there != want || err != nil {
					t.Errorf("it is there: %v, %v, want %v", there, err, want)
				}
			}
			has(false)
			if _, err := roots.ReadDerived(t.Context(), name, 1000); !errors.Is(err, photo.ErrNotFound) {
				t.Errorf("before: %v", err)
			}
			if err := roots.SaveDerived(t.Context(), name, []byte("small")); err != nil {
				t.Fatal(err)
			}
			has(true)
			if body, err := roots.ReadDerived(t.Context(), name, 1000); err != nil || string(body) != "small" {
				t.Errorf("it is %q, %v", body, err)
			}
			if err := roots.CheckPlace("derived/01/" + name); !errors.Is(err, photo.ErrRefused) {
				t.Errorf("to submit it: %v", err)
			}
			for range 2 {
				if err := roots.RemoveDerived(t.Context(), name); err != nil {
					t.Error(err)
				}
				has(false)
			}
		})
	}
}

func TestNoOtherFileIsADerivedPicture(t *testing.T) {
	dir := t.TempDir()
	roots, err := photo.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer roots.Close()
	if err := os.WriteFile(filepath.Join(dir, "secret.jpg"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"", "..", "secret.jpg", "../secret.jpg", "../../secret.jpg", "..%2fsecret.jpg", "0123456789abcdef0123456789abcdef.png",
		"0123456789ABCDEF0123456789ABCDEF.jpg", "0123456789abcdef0123456789abcdef.jpg\n", "../0123456789abcdef0123456789abcd.jpg",
	} {
		if body, err := roots.ReadDerived(t.Context(), name, 1000); !errors.Is(err, photo.ErrNotFound) {
			t.Errorf("%q: %q, %v", name, body, err)
		}
		if err := roots.SaveDerived(t.Context(), name, nil); !errors.Is(err, photo.ErrNotFound) {
			t.Errorf("%q saved: %v", name, err)
		}
	}
	if err := roots.RemoveDerived(t.Context(), "../secret.jpg"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "secret.jpg")); err != nil {
		t.Error(err)
	}
}
