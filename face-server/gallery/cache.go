package gallery

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"lineup.dev/lineup/pkg/photo"
)

// What the cache's files are: many small ones are slow to read, and one for all would
// have to be written anew for each photo.
const (
	cacheFolder    = ".lineup" // names with a dot are no photos
	segmentSuffix  = ".faces"
	segmentRecords = 32_000    // in one file
	segmentBytes   = 256 << 20 // of one file at most
	smallBytes     = 16 << 20  // a file below this is small
	smallFiles     = 12        // with more small ones they are merged
)

// cache keeps descriptions beside the photos, for the next start and for the other
// replicas, in files that are written once and never changed: whoever made a
// description adds a file, and everybody reads the files of all. Nobody needs to be
// asked; two who merge the same files at once both write what they remove.
type cache struct {
	store  Store
	folder string        // one for each set of models
	length int           // of an embedding
	step   time.Duration // after which replicas share what they found
	log    *slog.Logger

	mark     string              // see announce
	replicas []string            // marks of the replicas at work, sorted, as last listed
	segments map[string]*segment // by name: what was read or written
	vanished bool                // a file is gone that somebody else removed
	failed   string              // the last failure, so that it is logged once
}

// segment is a file of the cache.
type segment struct {
	name  string
	size  int64
	count int  // records
	young bool // read after the photos were listed: it may tell of newer ones
	again bool // it does, and is to be read again when they are listed
	gone  bool // removed
}

func newCache(store Store, model string, length int, step time.Duration, log *slog.Logger) *cache {
	c := &cache{store: store, length: length, step: step, log: log, segments: map[string]*segment{}}
	c.folder = fmt.Sprintf("%s/%x", cacheFolder, sha256.Sum256(fmt.Append(nil, model, length)))[:len(cacheFolder)+1+16]
	c.mark = newMark(c.folder)
	return c
}

// load reads files that were listed, and gives their records to take, a file's at a
// time: all of them would be as large as the index. Files that cannot be read, or not
// understood, are logged and count for nothing: what they held is found out again.
func (c *cache) load(ctx context.Context, files []photo.Entry, young bool, take func([]record, *segment)) {
	for range 3 {
		if !c.readAll(ctx, files, young, take) {
			return
		}
		// What the missing file held is in one that was not listed yet.
		files, young = c.list(ctx, true), true
	}
}

// list gives the files that are to be read, and notes which are gone and who else is
// at work. Young tells that the photos were listed before.
func (c *cache) list(ctx context.Context, young bool) (fresh []photo.Entry) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	entries, err := c.store.ListFolder(ctx, c.folder)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) { // else there is no gallery yet
			c.report(ctx, fmt.Errorf("list the descriptions of photos: %w", err))
		}
		return nil
	}
	listed := map[string]bool{}
	for _, entry := range entries {
		listed[entry.Name] = true
		s := c.segments[entry.Name]
		if s != nil {
			s.young = s.young && young
		}
		if strings.HasSuffix(entry.Name, segmentSuffix) && (s == nil || s.again && !young) {
			fresh = append(fresh, entry)
		}
	}
	for name, s := range c.segments {
		if !listed[name] {
			s.gone, c.vanished = true, true
			delete(c.segments, name)
		}
	}
	c.meet(ctx, entries)
	return fresh
}

// readAll reads two files at a time. Missing tells that one is gone.
func (c *cache) readAll(ctx context.Context, files []photo.Entry, young bool, take func([]record, *segment)) (missing bool) {
	var mutex sync.Mutex
	var group errgroup.Group
	group.SetLimit(2)
	for _, file := range files {
		group.Go(func() error {
			records, err := c.read(ctx, file.Name)
			mutex.Lock()
			defer mutex.Unlock()
			if errors.Is(err, photo.ErrNotFound) {
				missing = true
				return nil
			}
			if err != nil {
				c.report(ctx, fmt.Errorf("read the descriptions of photos in %s: %w", file.Name, err))
				if !errors.Is(err, errSegment) && !errors.Is(err, photo.ErrTooLarge) {
					return nil // to be tried again
				}
			}
			s := c.segments[file.Name]
			if s == nil {
				s = &segment{name: file.Name, size: file.Size, count: len(records)}
				c.segments[s.name] = s
			}
			s.young, s.again = young, false
			take(records, s)
			return nil
		})
	}
	_ = group.Wait() // no function gives an error: each is reported
	return missing
}

func (c *cache) read(ctx context.Context, name string) ([]record, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*readTimeout)
	defer cancel()
	file, _, err := c.store.Read(ctx, name, segmentBytes)
	if err != nil {
		return nil, err
	}
	return decode(file, c.length)
}

// save writes records to a new file. It gives nil where it could not, which costs no
// more than to describe the photos again.
func (c *cache) save(ctx context.Context, records []record) *segment {
	file := encode(records, c.length)
	s := &segment{name: path.Join(c.folder, rand.Text()+segmentSuffix), size: int64(len(file)), count: len(records)}
	ctx, cancel := context.WithTimeout(ctx, 2*readTimeout)
	defer cancel()
	if err := c.store.Save(ctx, s.name, file); err != nil {
		c.report(ctx, fmt.Errorf("keep the descriptions of photos beside them: %w", err))
		return nil
	}
	c.segments[s.name] = s
	return s
}

// full tells whether there are so many small files that they should be merged.
func (c *cache) full() bool {
	small := 0
	for _, s := range c.segments {
		if s.size < smallBytes {
			small++
		}
	}
	return small > smallFiles
}

// worn gives the files to merge: the small ones, and those of which less than half is
// alive.
func (c *cache) worn(alive map[*segment]int) map[*segment]bool {
	worn := map[*segment]bool{}
	for _, s := range c.segments {
		if !s.young && (s.size < smallBytes || alive[s]*2 < s.count) {
			worn[s] = true
		}
	}
	return worn
}

// remove removes files whose records lie elsewhere.
func (c *cache) remove(ctx context.Context, worn map[*segment]bool) {
	for s := range worn {
		if err := c.store.Remove(ctx, s.name); err != nil {
			c.report(ctx, fmt.Errorf("remove old descriptions of photos: %w", err))
			continue
		}
		s.gone = true
		delete(c.segments, s.name)
	}
}
