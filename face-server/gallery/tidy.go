package gallery

import (
	"context"
	"slices"
)

// cacheKeeper keeps in the cache what the photos of a collection show.
type cacheKeeper struct {
	files *cache
	known *collection
}

// keep writes what photos show into the cache.
func (c cacheKeeper) keep(ctx context.Context, photos []*known) {
	photos = slices.DeleteFunc(slices.Clone(photos), func(k *known) bool { return k.failure != nil })
	// A file at a time: of what is in the index, the records hold copies.
	for part := range slices.Chunk(photos, segmentRecords) {
		records := make([]record, len(part))
		for i, k := range part {
			records[i] = record{k.entry.Name, stampOf(k.entry), c.known.whole(k)}
		}
		home := c.files.save(ctx, records)
		for _, k := range part {
			k.home = home
		}
	}
}

// tidy merges the cache's files when they have become many, and keeps again what went
// with a file that somebody else removed.
func (c cacheKeeper) tidy(ctx context.Context) {
	full := c.files.full()
	if !full && !c.files.vanished {
		return
	}
	c.files.vanished = false
	alive := map[*segment]int{}
	var lost []*known
	for _, k := range c.known.photos {
		switch {
		case k.home == nil:
		case k.home.gone:
			lost = append(lost, k)
		default:
			alive[k.home]++
		}
	}
	var worn map[*segment]bool
	if full {
		worn = c.files.worn(alive)
		for _, k := range c.known.photos {
			if k.home != nil && worn[k.home] {
				lost = append(lost, k)
			}
		}
	}
	c.keep(ctx, lost)
	for _, k := range lost {
		if k.home == nil {
			return // it could not be written: the old files are still needed
		}
	}
	c.files.remove(ctx, worn)
}
