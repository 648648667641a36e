package gallery

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"lineup/face-server/picture"
	"lineup/face-server/search"
	"lineup/pkg/photo"

	"golang.org/x/sync/errgroup"
)

// How long a store may take for its list of photos, and for one of them.
const (
	listTimeout = 60 * time.Second
	readTimeout = 30 * time.Second
)

// Read brings the gallery up to date: photos that are new or changed are looked at,
// unless their descriptions are found in the cache, and those that are gone are
// forgotten. A photo that cannot be used is logged by name and does no harm to the
// rest. A folder that is not there yet is an empty gallery. When the store cannot be
// reached the error says so, and what is known stays.
func (g *Gallery) Read(ctx context.Context) error {
	// The cache first: so every photo that it tells of is in the list, or is gone.
	found := g.cache.load(ctx, false)
	entries, err := g.list(ctx)
	if err != nil {
		return fmt.Errorf("list the gallery: %w", err)
	}
	m := remember(found)
	due := g.take(ctx, entries, m)
	// Each replica in its own order: so they share the work, and seldom do any twice.
	rand.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	for len(due) > 0 {
		rest, err := g.examine(ctx, due, m)
		if err != nil {
			return err
		}
		due = rest
		if len(due) > 0 {
			m.add(g.cache.load(ctx, true))
			due = g.take(ctx, due, m)
			if g.Ready() == nil {
				g.publish(entries)
			}
		}
	}
	g.forget(entries)
	g.publish(entries)
	g.tidy(ctx)
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

// memory is what the cache told during one reading.
type memory struct {
	byName    map[string][]homed // of one photo there may be several, of different times
	byContent map[content]description
}

func remember(found []homed) *memory {
	m := &memory{make(map[string][]homed, len(found)), make(map[content]description, len(found))}
	m.add(found)
	return m
}

func (m *memory) add(found []homed) {
	for _, r := range found {
		m.byName[r.name] = append(m.byName[r.name], r)
		m.byContent[r.content] = r.description
	}
}

// take takes over what is remembered of photos, and gives those that are to be read.
func (g *Gallery) take(ctx context.Context, entries []photo.Entry, m *memory) (due []photo.Entry) {
	var taken []*known
	for _, entry := range entries {
		k := g.photos[entry.Name]
		current := k != nil && k.is(entry)
		for _, r := range m.byName[entry.Name] {
			if r.stamp != stampOf(entry) {
				continue
			}
			if !current {
				k, current = g.know(entry, r.description), true
				taken = append(taken, k)
			}
			k.moveTo(r.home)
		}
		if !current {
			due = append(due, entry)
		}
	}
	g.learn(taken)
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
func (g *Gallery) examine(ctx context.Context, due []photo.Entry, m *memory) (rest []photo.Entry, err error) {
	var mutex sync.Mutex
	var found []*known
	group, looking := errgroup.WithContext(ctx)
	group.SetLimit(g.Parallel)
	start := time.Now()
	for len(due) > 0 && looking.Err() == nil && time.Since(start) < g.Share {
		entry := due[0]
		due = due[1:]
		group.Go(func() error {
			k, err := g.read(looking, entry, m)
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
	return due, err
}

// read reads a photo and finds out what it shows. It gives nothing for a photo that is
// gone; an error when it makes no sense to go on with others.
func (g *Gallery) read(ctx context.Context, entry photo.Entry, m *memory) (*known, error) {
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
	if d, ok := m.byContent[of]; ok {
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
