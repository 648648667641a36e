package gallery

import (
	"context"
	"crypto/rand"
	"fmt"
	"hash/fnv"
	"path"
	"slices"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/photo"
)

// markSuffix ends the names of empty files beside the cache's: each is a replica that
// looks at photos, and is written anew before each of its steps. So the replicas share
// the photos without talking to each other. If one is not seen in time, or is taken
// for alive when it is not, some photos are looked at twice or a little later.
const markSuffix = ".working"

// newMark is a replica's.
func newMark(folder string) string { return path.Join(folder, rand.Text()+markSuffix) }

// dead is by how much older than the own a mark is of a replica that ended: many
// steps, and two seconds because object stores tell times in whole ones.
func dead(step time.Duration) time.Duration { return 10*step + 2*time.Second }

// announce lets the other replicas know that this one is at work.
func (c *cache) announce(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if err := c.store.Save(ctx, c.mark, nil); err != nil {
		c.report(ctx, fmt.Errorf("tell other replicas that this one looks at photos: %w", err))
	}
}

// withdraw ends that. When the program ends, others notice by themselves.
func (c *cache) withdraw(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if err := c.store.Remove(ctx, c.mark); err != nil {
		c.report(ctx, fmt.Errorf("tell other replicas that this one is done: %w", err))
	}
}

// meet notes who is at work, and removes what replicas left that ended at work. Times
// are the store's: the own mark tells what is now.
func (c *cache) meet(ctx context.Context, files []photo.Entry) {
	c.replicas = nil
	own := slices.IndexFunc(files, func(e photo.Entry) bool { return e.Name == c.mark })
	if own < 0 {
		return
	}
	for _, file := range files {
		switch {
		case !strings.HasSuffix(file.Name, markSuffix):
		case files[own].ModTime.Sub(file.ModTime) <= dead(c.step):
			c.replicas = append(c.replicas, file.Name)
		default:
			if err := c.store.Remove(ctx, file.Name); err != nil {
				c.report(ctx, fmt.Errorf("remove what a replica left: %w", err))
			}
		}
	}
	slices.Sort(c.replicas)
}

// part divides photos into those that are this replica's to look at and those that are
// others'. All that see the same marks divide them the same way.
func (c *cache) part(due []photo.Entry) (mine, theirs []photo.Entry) {
	rank, count := slices.Index(c.replicas, c.mark), len(c.replicas)
	if rank < 0 {
		return due, nil // nobody can be heard
	}
	for _, entry := range due {
		h := fnv.New64a()
		h.Write([]byte(entry.Name))
		if int(h.Sum64()>>33)%count == rank { // the lowest bits are not mixed well
			mine = append(mine, entry)
		} else {
			theirs = append(theirs, entry)
		}
	}
	return mine, theirs
}

// report logs what went wrong with the cache, once.
func (c *cache) report(ctx context.Context, err error) {
	if ctx.Err() == nil && err.Error() != c.failed {
		c.failed = err.Error()
		c.log.Warn("descriptions of gallery photos are not kept or not shared; they are made anew where they are missing", "error", err)
	}
}
