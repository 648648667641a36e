package gallery

import (
	"cmp"
	"log/slog"
	"slices"
	"sync/atomic"

	"lineup.dev/lineup/face-server/search"
	"lineup.dev/lineup/pkg/photo"
)

// collection is the photos that are known. The reading goroutine changes it, and
// publishes it for all others to see.
type collection struct {
	log *slog.Logger

	// For the reading goroutine alone.
	photos    map[string]*known // by name
	byContent map[content]*known
	stale     bool // sorted does not show all that is in photos

	index  *search.Index[*known]    // of the photos in use
	sorted atomic.Pointer[[]*known] // all photos, by name
	loaded chan struct{}            // closed when the gallery was read once
}

func newCollection(length int, log *slog.Logger) *collection {
	return &collection{
		log:    log,
		photos: map[string]*known{}, byContent: map[content]*known{},
		index: search.New[*known](length), loaded: make(chan struct{}),
	}
}

func (c *collection) published() bool { return c.sorted.Load() != nil }

// current is the photos as they were last published, by name.
func (c *collection) current() []*known {
	if sorted := c.sorted.Load(); sorted != nil {
		return *sorted
	}
	return nil
}

func find(sorted []*known, name string) (int, bool) {
	return slices.BinarySearchFunc(sorted, name, func(k *known, name string) int { return cmp.Compare(k.entry.Name, name) })
}

// due gives the photos that are not known as they are now.
func (r *reader) due(entries []photo.Entry) (due []photo.Entry) {
	for _, entry := range entries {
		if k := r.photos[entry.Name]; k == nil || !k.is(entry) {
			due = append(due, entry)
		}
	}
	return due
}

// add takes over what is new and lets searches see it.
func (c *collection) add(found []*known) {
	var remove []*known
	var vectors []search.Vector[*known]
	for _, now := range found {
		name := now.entry.Name
		before := c.photos[name]
		if before != nil && stampOf(before.entry) == stampOf(now.entry) && before.failure != nil && now.failure != nil && before.failure.Error() == now.failure.Error() {
			continue // tried again, and failed again
		}
		c.report(now)
		if before != nil {
			remove = append(remove, before)
			c.unlink(before)
		}
		if now.usable {
			vectors = append(vectors, search.Vector[*known]{Key: now, Values: now.embedding})
		}
		c.photos[name] = now
		if now.failure == nil {
			c.byContent[now.content] = now
		}
		c.stale = true
	}
	c.index.Update(remove, vectors)
	for _, v := range vectors {
		v.Key.embedding = nil
	}
}

// removeMissing removes the photos that are not listed.
func (c *collection) removeMissing(entries []photo.Entry) {
	still := 0
	for _, entry := range entries {
		if c.photos[entry.Name] != nil {
			still++
		}
	}
	if still == len(c.photos) {
		return
	}
	listed := make(map[string]bool, len(entries))
	for _, entry := range entries {
		listed[entry.Name] = true
	}
	var remove []*known
	for name, k := range c.photos {
		if !listed[name] {
			remove = append(remove, k)
			c.unlink(k)
			delete(c.photos, name)
			c.stale = true
		}
	}
	if len(remove) > 0 {
		c.index.Update(remove, nil)
	}
}

// publish lets everybody see the photos that are known, in the list's order.
func (c *collection) publish(entries []photo.Entry) {
	if c.stale || !c.published() {
		sorted := make([]*known, 0, len(c.photos))
		for _, entry := range entries {
			if k := c.photos[entry.Name]; k != nil {
				sorted = append(sorted, k)
			}
		}
		c.log.Info("gallery read", "photos", len(sorted), "faces", c.index.Len())
		if c.sorted.Swap(&sorted) == nil {
			close(c.loaded)
		}
		c.stale = false
	}
}

// whole is a photo's description with its embedding, which the index holds once the
// photo is in use.
func (c *collection) whole(k *known) description {
	d := k.description
	if d.embedding == nil {
		d.embedding = c.index.Vector(k)
	}
	return d
}

// report logs what is wrong with a photo.
func (c *collection) report(k *known) {
	switch {
	case k.failure != nil:
		c.log.Warn("gallery photo cannot be used", "image_name", k.entry.Name, "reason", k.failure)
	case k.unreadable != nil:
		c.log.Warn("gallery photo cannot be used", "image_name", k.entry.Name, "reason", k.unreadable)
	case !k.usable:
		c.log.Warn("gallery photo cannot be used", "image_name", k.entry.Name, "reason", k.problems[len(k.problems)-1].Advice())
	case slices.Contains(k.problems, SeveralFaces):
		c.log.Warn("gallery photo shows several faces, the largest counts", "image_name", k.entry.Name, "faces", k.faces)
	}
}

func (c *collection) unlink(k *known) {
	if c.byContent[k.content] == k {
		delete(c.byContent, k.content)
	}
}
