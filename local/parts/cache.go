// Package parts fetches the real parts that Lineup runs on, and starts them: ONNX Runtime, the face models, sample
// photos, MariaDB and nsqd.
//
// What is fetched is kept in a cache and never fetched again. The cache needs neither root nor Docker, and may be
// shared by any number of processes that fill it at the same time.
package parts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Cache is a folder of folders, each of which is complete once it is there.
type Cache struct {
	Dir string
	Log func(format string, args ...any) // told what takes time, one line each
}

// OpenCache gives the cache in the folder that LINEUP_CACHE names, or in lineup in the user's cache folder
// ($XDG_CACHE_HOME, else $HOME/.cache).
func OpenCache(log func(format string, args ...any)) (Cache, error) {
	dir := os.Getenv("LINEUP_CACHE")
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return Cache{}, fmt.Errorf("find a folder for the cache: %w; set LINEUP_CACHE to a folder that can be written", err)
		}
		dir = filepath.Join(user, "lineup")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Cache{}, fmt.Errorf("find the cache: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Cache{}, fmt.Errorf("make the cache: %w; set LINEUP_CACHE to a folder that can be written", err)
	}
	return Cache{Dir: dir, Log: log}, nil
}

// Folder gives the cached folder name. If it is not there yet, fill makes its content in a folder that then takes the
// name: other processes see all of it or nothing. Only one process fills a folder; the others wait for it.
func (c Cache) Folder(ctx context.Context, name string, fill func(dir string) error) (string, error) {
	dir := filepath.Join(c.Dir, name)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	unlock, err := c.lock(ctx, name)
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	temp := dir + ".part" // ours: what is in it was left by a process that died
	if err := os.RemoveAll(temp); err != nil {
		return "", fmt.Errorf("clear the cache: %w", err)
	}
	if err := os.Mkdir(temp, 0o755); err != nil {
		return "", fmt.Errorf("write to the cache: %w", err)
	}
	defer os.RemoveAll(temp)
	if err := fill(temp); err != nil {
		return "", err
	}
	if err := os.Rename(temp, dir); err != nil {
		return "", fmt.Errorf("write to the cache: %w", err)
	}
	return dir, nil
}

// lock waits until this process, and this call in it, is the only one at work on name. The kernel frees the lock of a
// process that dies.
func (c Cache) lock(ctx context.Context, name string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(c.Dir, "."+name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock the cache: %w", err)
	}
	for waiting := false; ; waiting = true {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
		}
		if !waiting {
			c.Log("waiting for another process that fetches %s", name)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("wait for another process that fetches %s: %w", name, context.Cause(ctx))
		case <-time.After(50 * time.Millisecond):
		}
	}
}
