package gallery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"time"

	"lineup/face-server/face"
	"lineup/face-server/picture"
	"lineup/pkg/photo"

	"golang.org/x/sync/errgroup"
)

// How long a store may take for its list of photos, and for one of them.
const (
	listTimeout = 30 * time.Second
	readTimeout = 30 * time.Second
)

var errNoFace = errors.New("no face found")

// known is what is known of a photo: its face, or why it has none.
type known struct {
	entry     photo.Entry
	embedding []float32
	err       error
}

// Read brings the gallery up to date: photos that are new or changed are looked
// at, those that are gone are forgotten. A photo that cannot be used is logged by
// name and does no harm to the rest. A folder that is not there yet is an empty
// gallery. When the store cannot be reached the error says so, and what is known
// stays.
func (g *Gallery) Read(ctx context.Context) error {
	entries, err := g.list(ctx)
	if err != nil {
		return fmt.Errorf("list the gallery: %w", err)
	}
	listed := make(map[string]bool, len(entries))
	var due []photo.Entry
	for _, entry := range entries {
		listed[entry.Name] = true
		if before, ok := g.photos[entry.Name]; !ok || !same(before.entry, entry) || !lasting(before.err) {
			due = append(due, entry)
		}
	}
	found, err := g.lookAt(ctx, due)
	g.learn(found)
	if err != nil {
		return err // what was learned counts when the rest was, too
	}
	maps.DeleteFunc(g.photos, func(name string, _ known) bool {
		g.stale = g.stale || !listed[name]
		return !listed[name]
	})
	if g.stale {
		g.publish()
	}
	return nil
}

func (g *Gallery) list(ctx context.Context) ([]photo.Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	entries, err := g.store.List(ctx)
	// A folder that held photos and is gone is more likely a disk that is gone.
	if errors.Is(err, fs.ErrNotExist) && len(g.photos) == 0 {
		return nil, nil
	}
	return entries, err
}

// lookAt looks at photos. With an error it gives those that it came to.
func (g *Gallery) lookAt(ctx context.Context, entries []photo.Entry) ([]known, error) {
	var mutex sync.Mutex
	var found []known
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(g.parallel)
	for _, entry := range entries {
		group.Go(func() error {
			embedding, err := g.describe(ctx, entry.Name)
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case errors.Is(err, photo.ErrUnreachable):
				return fmt.Errorf("read gallery photo %s: %w", entry.Name, err)
			case errors.Is(err, photo.ErrNotFound):
				return nil // gone since it was listed
			}
			mutex.Lock()
			defer mutex.Unlock()
			found = append(found, known{entry, embedding, err})
			return nil
		})
	}
	err := group.Wait()
	return found, err
}

// describe gives the embedding of the photo's face, of several the largest.
func (g *Gallery) describe(ctx context.Context, name string) ([]float32, error) {
	reading, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	body, err := g.store.Read(reading, name, g.maxBytes)
	if err != nil {
		return nil, err
	}
	found, err := g.look(ctx, body)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errNoFace
	}
	if len(found) > 1 {
		g.log.Warn("gallery photo shows several faces, the largest counts", "image_name", name, "faces", len(found))
	}
	return slices.MaxFunc(found, func(a, b face.Face) int { return cmp.Compare(a.Box.Area(), b.Box.Area()) }).Embedding, nil
}

// learn takes over what is new of what was found.
func (g *Gallery) learn(found []known) {
	for _, now := range found {
		name := now.entry.Name
		before, ok := g.photos[name]
		if ok && same(before.entry, now.entry) && before.err != nil && now.err != nil && before.err.Error() == now.err.Error() {
			continue // tried again, and failed again
		}
		if now.err != nil {
			g.log.Warn("gallery photo cannot be used", "image_name", name, "reason", now.err)
		}
		g.photos[name] = now
		g.stale = true
	}
}

func same(a, b photo.Entry) bool { return a.Size == b.Size && a.ModTime.Equal(b.ModTime) }

// lasting tells whether what looking at a photo ended with holds for as long as
// the photo stays as it is. Other failures, of a disk say, are worth another try.
func lasting(err error) bool {
	if err == nil {
		return true
	}
	for _, known := range []error{
		errNoFace, picture.ErrNoPicture, picture.ErrTooLarge,
		photo.ErrTooLarge, photo.ErrNotFile, photo.ErrOutside, photo.ErrRefused,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
