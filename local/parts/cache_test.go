package parts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// As another process, this test binary fills a folder of a cache, slowly, and says whether it did.
func TestMain(m *testing.M) {
	if dir := os.Getenv("CACHE_TEST_DIR"); dir != "" {
		filled := false
		_, err := Cache{dir, func(string, ...any) {}}.Folder(context.Background(), "part", func(dir string) error {
			filled = true
			for i := range 20 {
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), nil, 0o644); err != nil {
					return err
				}
				time.Sleep(5 * time.Millisecond) // the work
			}
			return nil
		})
		files, _ := os.ReadDir(filepath.Join(dir, "part"))
		fmt.Println(filled, len(files), err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestOnlyOneOfManyProcessesFillsAFolderAndAllSeeAllOfIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var wg sync.WaitGroup
	answers := make(chan string, 8)
	for range 8 {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), "CACHE_TEST_DIR="+dir)
			out, err := cmd.CombinedOutput()
			answers <- strings.TrimSpace(fmt.Sprintf("%s%v", out, err))
		})
	}
	wg.Wait()
	close(answers)
	count := make(map[string]int)
	for a := range answers {
		count[a]++
	}
	if count["true 20 <nil>\n<nil>"] != 1 || count["false 20 <nil>\n<nil>"] != 7 {
		t.Errorf("filled, files, error: %v", count)
	}
}

func TestAFolderThatCouldNotBeFilledIsNotThere(t *testing.T) {
	t.Parallel()
	c := newCache(t)
	broken := errors.New("broken")
	_, err := c.Folder(t.Context(), "part", func(dir string) error {
		if err := os.WriteFile(filepath.Join(dir, "half"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
	left, _ := filepath.Glob(filepath.Join(c.Dir, "part*"))
	if len(left) > 0 {
		t.Errorf("it left %v", left)
	}
	dir, err := c.Folder(t.Context(), "part", func(string) error { return nil })
	if err != nil || dir != filepath.Join(c.Dir, "part") {
		t.Errorf("the next try gave %s, %v", dir, err)
	}
}

func TestWhatADeadProcessLeftIsClearedAway(t *testing.T) {
	t.Parallel()
	c := newCache(t)
	if err := os.MkdirAll(filepath.Join(c.Dir, "part.part", "half"), 0o755); err != nil {
		t.Fatal(err)
	}
	dir, err := c.Folder(t.Context(), "part", func(string) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("it holds %v", files)
	}
}

func TestWaitingForAnotherProcessEndsWithTheContext(t *testing.T) {
	t.Parallel()
	c := newCache(t)
	unlock, err := c.lock(t.Context(), "part")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := c.Folder(ctx, "part", func(string) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
}

func TestTheCacheIsWhereTheUserWantsIt(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]struct{ lineup, xdg, home, dir string }{
		"LINEUP_CACHE comes first":          {dir + "/a", dir + "/b", dir + "/c", dir + "/a"},
		"then XDG_CACHE_HOME":               {"", dir + "/b", dir + "/c", dir + "/b/lineup"},
		"then .cache of the home folder":    {"", "", dir + "/c", dir + "/c/.cache/lineup"},
		"without any of them there is none": {"", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("LINEUP_CACHE", want.lineup)
			t.Setenv("XDG_CACHE_HOME", want.xdg)
			t.Setenv("HOME", want.home)
			c, err := OpenCache(t.Logf)
			if c.Dir != want.dir || (err == nil) != (want.dir != "") {
				t.Errorf("it is %q, %v; want %q", c.Dir, err, want.dir)
			}
			if err != nil && !strings.Contains(err.Error(), "set LINEUP_CACHE") {
				t.Errorf("the error %v does not say what to do", err)
			}
		})
	}
}

func newCache(t *testing.T) Cache { return Cache{Dir: t.TempDir(), Log: t.Logf} }

// userCache is the cache that everybody uses: what tests fetch is fetched once.
func userCache(t *testing.T) Cache {
	t.Helper()
	c, err := OpenCache(t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
