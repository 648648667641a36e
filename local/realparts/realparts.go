// Package realparts gives tests the real parts: a MariaDB, an nsqd, an nsqlookupd, the face models, photos of people.
//
// A package whose tests use a database needs
//
//	func TestMain(m *testing.M) { os.Exit(realparts.Main(m)) }
//
// which ends the server that its tests share. Everything else needs nothing: what a test got ends with the test.
package realparts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lineup/local/parts"
)

// fetching is the longest that a test waits for a part that is not in the cache yet.
const fetching = 5 * time.Minute

// cache is where the parts come from. What has to be fetched is said on stderr.
func cache() (parts.Cache, error) {
	return parts.OpenCache(func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) })
}

// Models gives the folder that holds models.json, the face models and ONNX Runtime.
func Models(t testing.TB) string {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	c, err := cache()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), fetching)
	defer cancel()
	dir := filepath.Join(root, "face-server", "kodata")
	if err := c.Models(ctx, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// moduleRoot is the folder of this module's go.mod: tests run somewhere below it.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	for {
		content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(content), "module lineup\n") {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("find the module: no folder above this one has lineup's go.mod")
		}
		dir = filepath.Dir(dir)
	}
}
