// Package deptest gives tests the real parts: a MariaDB, an nsqd, an nsqlookupd, the face models, photos of people, a browser.
//
// A package whose tests use a database needs
//
//	func TestMain(m *testing.M) { os.Exit(deptest.Main(m)) }
//
// which ends the server that its tests share. Everything else needs nothing: what a test got ends with the test.
package deptest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"lineup.dev/lineup/local/parts"
	"lineup.dev/lineup/local/samples"
)

// fetching is the longest that a test waits for a part that is not in the cache yet.
const fetching = 5 * time.Minute

// cache is where the parts come from. What has to be fetched is said on stderr.
func cache() (parts.Cache, error) {
	return parts.OpenCache(func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) })
}

// MainWithJPEG is the TestMain of a package whose tests decode JPEGs: load is given the folder of libjpeg-turbo. That is
// small, so that tests under -short have it, too.
func MainWithJPEG(m *testing.M, load func(dir string) error) int {
	ctx, cancel := context.WithTimeout(context.Background(), fetching)
	defer cancel()
	c, err := cache()
	var library string
	if err == nil {
		library, err = c.JPEG(ctx)
	}
	if err == nil {
		err = load(filepath.Dir(library))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Models gives the folder that holds models.json, the face models, ONNX Runtime and libjpeg-turbo.
func Models(t testing.TB) string {
	t.Helper()
	leftOutByShort(t, "the face models")
	root, err := parts.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	c, err := cache()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), fetching)
	defer cancel()
	dir := parts.ModelsFolder(root)
	if err := c.Models(ctx, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Samples gives the folder of the sample people and pictures that package samples tells of, as `make run` cuts them.
func Samples(t testing.TB) string {
	t.Helper()
	return fetched(t, samples.Folder)
}

// People gives a folder of portraits with known people, one folder a person: NAME/1.jpg, NAME/2.jpg and so on. Ten
// people have two photos or more, ten have one. Their names are invented.
func People(t testing.TB) string {
	t.Helper()
	return fetched(t, samples.Portraits)
}

// Chromium gives a browser, which package browser starts.
func Chromium(t testing.TB) parts.Chromium {
	t.Helper()
	return get(t, "a browser", parts.Cache.Chromium)
}

// PackedChromium gives the browser that is taken where none is installed and none can be.
func PackedChromium(t testing.TB) parts.Chromium {
	t.Helper()
	return get(t, "a browser", parts.Cache.PackedChromium)
}

// Axe gives the script of axe-core, which finds what is not accessible in a page.
func Axe(t testing.TB) string {
	t.Helper()
	return get(t, "axe-core", parts.Cache.Axe)
}

// Packages gives the folder node_modules with what the package-lock.json in a folder pins.
func Packages(t testing.TB, project string) string {
	t.Helper()
	return get(t, "npm's packages", func(c parts.Cache, ctx context.Context) (string, error) { return c.Packages(ctx, project) })
}

// get gives a part from the cache.
func get[T any](t testing.TB, what string, fetch func(parts.Cache, context.Context) (T, error)) T {
	t.Helper()
	leftOutByShort(t, what)
	c, err := cache()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), fetching)
	defer cancel()
	found, err := fetch(c, ctx)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func fetched(t testing.TB, fetch func(context.Context, parts.Cache) (string, error)) string {
	t.Helper()
	return get(t, "photos that are fetched", func(c parts.Cache, ctx context.Context) (string, error) { return fetch(ctx, c) })
}
