package gallery

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/pkg/photo"
)

// recallGC is GOGC while the cache's files are read: each leaves a hundred megabytes
// of garbage, which would else be let grow to the size of the whole gallery.
const recallGC = 10

// reader brings a collection up to date with its store.
type reader struct {
	examiner
	*collection
	cache *cache
	cacheKeeper
}

func (r *reader) read(ctx context.Context) error {
	// The cache's files first: so every photo that they tell of is in the list, or is gone.
	files := r.cache.list(ctx, false)
	entries, err := r.list(ctx)
	if err != nil {
		return fmt.Errorf("list the gallery: %w", err)
	}
	others := memory{}
	r.recall(ctx, files, false, entries, others)
	if due := r.due(entries); len(due) > 0 {
		if err := r.work(ctx, due, entries, others); err != nil {
			return err
		}
	}
	r.removeMissing(entries)
	r.publish(entries)
	r.tidy(ctx)
	return nil
}

// work processes the photos that are due, together with the other replicas that do. It
// takes its own part first. When that is done it waits for what the others find before
// it helps them, and again after each time.
func (r *reader) work(ctx context.Context, due, entries []photo.Entry, others memory) error {
	defer r.cache.withdraw(ctx)
	// In an order of its own, should two not have heard of each other.
	rand.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] }) //nolint:gosec // no secret
	for waited := false; len(due) > 0; {
		r.cache.announce(ctx)
		r.recall(ctx, r.cache.list(ctx, true), true, entries, others)
		if due = r.due(due); len(due) == 0 {
			return nil
		}
		if r.published() {
			r.publish(entries)
		}
		mine, theirs := r.cache.part(due)
		switch {
		case len(mine) > 0:
		case !waited:
			waited = true
			select {
			case <-time.After(r.Share):
			case <-ctx.Done():
				return ctx.Err()
			}
			continue
		default:
			mine, theirs = theirs, nil
		}
		waited = false
		rest, err := r.examine(ctx, mine, others)
		if err != nil {
			return err
		}
		due = slices.Concat(theirs, rest)
	}
	return nil
}

func (r *reader) list(ctx context.Context) ([]photo.Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	entries, err := r.store.List(ctx)
	// A folder that held photos and is gone is more likely a disk that is gone.
	if errors.Is(err, fs.ErrNotExist) && len(r.photos) == 0 {
		return nil, nil
	}
	return entries, err
}

// memory is what the cache told, during one reading, of photos that are not listed as
// they were: they may have another name now.
type memory map[content]description

// recall takes over what the cache's files tell of the listed photos, a file at a time.
func (r *reader) recall(ctx context.Context, files []photo.Entry, young bool, entries []photo.Entry, others memory) {
	if len(files) > 0 {
		defer debug.SetGCPercent(debug.SetGCPercent(recallGC))
	}
	r.cache.load(ctx, files, young, func(records []record, home *segment) {
		taken := map[string]*known{}
		for _, kept := range records {
			i, listed := slices.BinarySearchFunc(entries, kept.name, func(e photo.Entry, name string) int { return cmp.Compare(e.Name, name) })
			if !listed || stampOf(entries[i]) != kept.stamp {
				others[kept.content] = kept.description
				home.again = home.young
				continue
			}
			k := cmp.Or(taken[kept.name], r.photos[kept.name])
			if k == nil || !k.is(entries[i]) {
				k = r.know(entries[i], kept.description)
				taken[kept.name] = k
			}
			k.moveTo(home)
		}
		r.add(slices.Collect(maps.Values(taken)))
	})
}

// examine processes photos until it is time to share, adds what they show and
// keeps it, and gives those that it did not come to.
func (r *reader) examine(ctx context.Context, due []photo.Entry, others memory) (rest []photo.Entry, err error) {
	var mutex sync.Mutex
	var found []*known
	group, looking := errgroup.WithContext(ctx)
	group.SetLimit(r.Parallel)
	start := time.Now()
	for len(due) > 0 && looking.Err() == nil && time.Since(start) < r.Share {
		entry := due[0]
		due = due[1:]
		group.Go(func() error {
			k, err := r.readPhoto(looking, entry, others)
			if k != nil {
				mutex.Lock()
				defer mutex.Unlock()
				found = append(found, k)
			}
			return err
		})
	}
	err = group.Wait()
	r.keep(ctx, found)
	r.add(found)
	return due, cmp.Or(err, ctx.Err())
}

// readPhoto reads a photo and finds out what it shows. It gives nothing for a photo that is
// gone; an error when it makes no sense to go on with others.
func (r *reader) readPhoto(ctx context.Context, entry photo.Entry, others memory) (*known, error) {
	body, err := r.body(ctx, entry.Name)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, photo.ErrUnreachable):
		return nil, fmt.Errorf("read gallery photo %s: %w", entry.Name, err)
	case errors.Is(err, photo.ErrNotFound):
		return nil, nil // gone since it was listed
	case err != nil:
		return unreadable(entry, err), nil
	}
	of := content(sha256.Sum256(body))
	if d, ok := others[of]; ok {
		return r.know(entry, d), nil
	}
	if same := r.byContent[of]; same != nil {
		return r.know(entry, r.whole(same)), nil // renamed, or a copy
	}
	faces, warning, err := r.faces(ctx, body)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, picture.ErrNoPicture):
		return r.know(entry, description{content: of, unreadable: err}), nil
	case err != nil:
		return unreadable(entry, err), nil
	}
	if warning != "" {
		r.collection.log.Warn("gallery photo cannot be seen whole", "image_name", entry.Name, "warning", warning)
	}
	return r.know(entry, describe(of, faces)), nil
}
