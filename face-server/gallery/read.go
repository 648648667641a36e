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

	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/face-server/search"
	"lineup.dev/lineup/pkg/photo"

	"golang.org/x/sync/errgroup"
)

// How long a store may take for its list of photos, and for one of them.
const (
	listTimeout = 60 * time.Second
	readTimeout = 30 * time.Second
)

// recallGC is GOGC while the cache's files are read: each leaves a hundred megabytes
// of garbage, which would else be let grow to the size of the whole gallery.
const recallGC = 10

// Read brings the gallery up to date: photos that are new or changed are looked at,
// unless their descriptions are found in the cache, and those that are gone are
// forgotten. A photo that cannot be used is logged by name and does no harm to the
// rest. A folder that is not there yet is an empty gallery. When the store cannot be
// reached the error says so, and what is known stays.
func (g *Gallery) Read(ctx context.Context) error {
	// The cache's files first: so every photo that they tell of is in the list, or is gone.
	files := g.cache.list(ctx, false)
	entries, err := g.list(ctx)
	if err != nil {
		return fmt.Errorf("list the gallery: %w", err)
	}
	others := memory{}
	g.recall(ctx, files, false, entries, others)
	if due := g.due(entries); len(due) > 0 {
		if err := g.work(ctx, due, entries, others); err != nil {
			return err
		}
	}
	g.forget(entries)
	g.publish(entries)
	g.tidy(ctx)
	return nil
}

// work looks at the photos that are due, together with the other replicas that do. It
// takes its own part first. When that is done it waits for what the others find before
// it helps them, and again after each time.
func (g *Gallery) work(ctx context.Context, due, entries []photo.Entry, others memory) error {
	defer g.cache.withdraw(ctx)
	// In an order of its own, should two not have heard of each other.
	rand.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	for waited := false; len(due) > 0; {
		g.cache.announce(ctx)
		g.recall(ctx, g.cache.list(ctx, true), true, entries, others)
		if due = g.due(due); len(due) == 0 {
			return nil
		}
		if g.Ready() == nil {
			g.publish(entries)
		}
		mine, theirs := g.cache.part(due)
		switch {
		case len(mine) > 0:
		case !waited:
			waited = true
			select {
			case <-time.After(g.Share):
			case <-ctx.Done():
				return ctx.Err()
			}
			continue
		default:
			mine, theirs = theirs, nil
		}
		waited = false
		rest, err := g.examine(ctx, mine, others)
		if err != nil {
			return err
		}
		due = append(theirs, rest...)
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

// memory is what the cache told, during one reading, of photos that are not listed as
// they were: they may have another name now.
type memory map[content]description

// recall takes over what the cache's files tell of the listed photos, a file at a time.
func (g *Gallery) recall(ctx context.Context, files []photo.Entry, young bool, entries []photo.Entry, others memory) {
	if len(files) > 0 {
		defer debug.SetGCPercent(debug.SetGCPercent(recallGC))
	}
	g.cache.load(ctx, files, young, func(records []record, home *segment) {
		taken := map[string]*known{}
		for _, r := range records {
			i, listed := slices.BinarySearchFunc(entries, r.name, func(e photo.Entry, name string) int { return cmp.Compare(e.Name, name) })
			if !listed || stampOf(entries[i]) != r.stamp {
				others[r.content] = r.description
				home.again = home.young
				continue
			}
			k := cmp.Or(taken[r.name], g.photos[r.name])
			if k == nil || !k.is(entries[i]) {
				k = g.know(entries[i], r.description)
				taken[r.name] = k
			}
			k.moveTo(home)
		}
		g.learn(slices.Collect(maps.Values(taken)))
	})
}

// due gives the photos that are not known as they are now.
func (g *Gallery) due(entries []photo.Entry) (due []photo.Entry) {
	for _, entry := range entries {
		if k := g.photos[entry.Name]; k == nil || !k.is(entry) {
			due = append(due, entry)
		}
	}
	return due
}

// moveTo makes s the home of a record that lies there too. All replicas choose the
// same of several: no two of them take each other's file for dead.
func (k *known) moveTo(s *segment) {
	if k.home == nil || k.home.gone || s.name < k.home.name {
		k.home = s
	}
}

// examine looks at photos until it is time to share, learns what they show and
// keeps it, and gives those that it did not come to.
func (g *Gallery) examine(ctx context.Context, due []photo.Entry, others memory) (rest []photo.Entry, err error) {
	var mutex sync.Mutex
	var found []*known
	group, looking := errgroup.WithContext(ctx)
	group.SetLimit(g.Parallel)
	start := time.Now()
	for len(due) > 0 && looking.Err() == nil && time.Since(start) < g.Share {
		entry := due[0]
		due = due[1:]
		group.Go(func() error {
			k, err := g.read(looking, entry, others)
			if k != nil {
				mutex.Lock()
				defer mutex.Unlock()
				found = append(found, k)
			}
			return err
		})
	}
	err = group.Wait()
	g.keep(ctx, found)
	g.learn(found)
	return due, cmp.Or(err, ctx.Err())
}

// read reads a photo and finds out what it shows. It gives nothing for a photo that is
// gone; an error when it makes no sense to go on with others.
func (g *Gallery) read(ctx context.Context, entry photo.Entry, others memory) (*known, error) {
	body, err := g.body(ctx, entry.Name)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, photo.ErrUnreachable):
		return nil, fmt.Errorf("read gallery photo %s: %w", entry.Name, err)
	case errors.Is(err, photo.ErrNotFound):
		return nil, nil // gone since it was listed
	case err != nil:
		return g.cannot(entry, err), nil
	}
	of := content(sha256.Sum256(body))
	if d, ok := others[of]; ok {
		return g.know(entry, d), nil
	}
	if same := g.byContent[of]; same != nil {
		return g.know(entry, g.whole(same)), nil // renamed, or a copy
	}
	faces, err := g.look(ctx, body)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, picture.ErrNoPicture):
		return g.know(entry, description{content: of, unreadable: err}), nil
	case err != nil:
		return g.cannot(entry, err), nil
	}
	sortBySize(faces)
	return g.know(entry, describe(of, faces)), nil
}

func (g *Gallery) body(ctx context.Context, name string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return g.store.Read(ctx, name, g.MaxBytes)
}

func (g *Gallery) know(entry photo.Entry, d description) *known {
	problems, usable := g.judge(d)
	return &known{entry: entry, person: Person(entry.Name), problems: problems, usable: usable, description: d}
}

func (g *Gallery) cannot(entry photo.Entry, failure error) *known {
	return &known{entry: entry, person: Person(entry.Name), problems: []Problem{Unreadable}, failure: failure}
}

// whole is a photo's description with its embedding, which the index holds once the
// photo is in use.
func (g *Gallery) whole(k *known) description {
	d := k.description
	if d.embedding == nil {
		d.embedding = g.index.Vector(k)
	}
	return d
}

// learn takes over what is new and lets searches see it.
func (g *Gallery) learn(found []*known) {
	var remove []*known
	var add []search.Vector[*known]
	for _, now := range found {
		name := now.entry.Name
		before := g.photos[name]
		if before != nil && stampOf(before.entry) == stampOf(now.entry) && before.failure != nil && now.failure != nil && before.failure.Error() == now.failure.Error() {
			continue // tried again, and failed again
		}
		g.report(now)
		if before != nil {
			remove = append(remove, before)
			g.unlink(before)
		}
		if now.usable {
			add = append(add, search.Vector[*known]{Key: now, Values: now.embedding})
		}
		g.photos[name] = now
		if now.failure == nil {
			g.byContent[now.content] = now
		}
		g.stale = true
	}
	g.index.Update(remove, add)
	for _, v := range add {
		v.Key.embedding = nil
	}
}

// report logs what is wrong with a photo.
func (g *Gallery) report(k *known) {
	switch {
	case k.failure != nil:
		g.log.Warn("gallery photo cannot be used", "image_name", k.entry.Name, "reason", k.failure)
	case k.unreadable != nil:
		g.log.Warn("gallery photo cannot be used", "image_name", k.entry.Name, "reason", k.unreadable)
	case !k.usable:
		g.log.Warn("gallery photo cannot be used", "image_name", k.entry.Name, "reason", k.problems[len(k.problems)-1].Advice())
	case slices.Contains(k.problems, SeveralFaces):
		g.log.Warn("gallery photo shows several faces, the largest counts", "image_name", k.entry.Name, "faces", k.faces)
	}
}

func (g *Gallery) unlink(k *known) {
	if g.byContent[k.content] == k {
		delete(g.byContent, k.content)
	}
}

// forget forgets the photos that are not listed.
func (g *Gallery) forget(entries []photo.Entry) {
	still := 0
	for _, entry := range entries {
		if g.photos[entry.Name] != nil {
			still++
		}
	}
	if still == len(g.photos) {
		return
	}
	listed := make(map[string]bool, len(entries))
	for _, entry := range entries {
		listed[entry.Name] = true
	}
	var remove []*known
	for name, k := range g.photos {
		if !listed[name] {
			remove = append(remove, k)
			g.unlink(k)
			delete(g.photos, name)
			g.stale = true
		}
	}
	if len(remove) > 0 {
		g.index.Update(remove, nil)
	}
}

// publish lets everybody see the photos that are known, in the list's order.
func (g *Gallery) publish(entries []photo.Entry) {
	if g.stale || g.roll.Load() == nil {
		roll := make([]*known, 0, len(g.photos))
		for _, entry := range entries {
			if k := g.photos[entry.Name]; k != nil {
				roll = append(roll, k)
			}
		}
		g.log.Info("gallery read", "photos", len(roll), "faces", g.index.Len())
		if g.roll.Swap(&roll) == nil {
			close(g.loaded)
		}
		g.stale = false
	}
}
