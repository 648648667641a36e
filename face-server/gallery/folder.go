package gallery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"lineup.dev/lineup/face-server/search"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/photo"
)

// Folder is the gallery of a folder or bucket: each photo that lies there is of the person
// whom its name tells. It is for a face server used alone: every start describes all
// photos, and what is found out is kept in memory alone.
type Folder struct {
	*follower
	Examiner
	parallel int

	photos map[string]*known        // by name; for the reading goroutine alone
	index  index[*known]            // of the photos in use
	sorted atomic.Pointer[[]*known] // all photos, by name
}

// NewFolder makes a gallery that was not read yet. Embeddings have length numbers; parallel
// is how many photos are processed at a time.
func NewFolder(e Examiner, length, parallel int, log *slog.Logger) *Folder {
	f := &Folder{Examiner: e, parallel: parallel, photos: map[string]*known{}, index: search.New[*known](length)}
	f.follower = newFollower(f.update, log)
	f.sorted.Store(new([]*known))
	return f
}

// Candidates are those of [Gallery].
func (f *Folder) Candidates(embeddings [][]float32, count int) [][]Candidate {
	return candidates(f.index, embeddings, count,
		func(k *known) Candidate { return Candidate{ImageName: k.entry.Name} },
		func(k *known) (Person, bool) { return Person{Name: k.person}, true })
}

// Size is that of [Gallery].
func (f *Folder) Size() (named, strangers int) { return f.index.Len(), 0 }

// Strangers are those of [Gallery]: in a folder everybody has a name.
func (f *Folder) Strangers(embeddings [][]float32, _ int) [][]Candidate {
	return make([][]Candidate, len(embeddings))
}

// State is 0: a folder does not count its changes.
func (f *Folder) State() int64 { return 0 }

// List is that of [Gallery].
func (f *Folder) List(_ context.Context, after string, count int, onlyProblems bool) (photos []Photo, more bool, err error) {
	all := *f.sorted.Load()
	from, found := slices.BinarySearchFunc(all, after, func(k *known, name string) int { return cmp.Compare(k.entry.Name, name) })
	if found {
		from++
	}
	for _, k := range all[from:] {
		if onlyProblems && len(k.problems) == 0 {
			continue
		}
		if len(photos) == count {
			return photos, true, nil
		}
		photos = append(photos, k.show())
	}
	return photos, false, nil
}

// update looks at the photos that are new or changed, and forgets those that are gone. One
// that cannot be used is logged by name and does no harm to the rest. A folder that is not
// there yet is an empty gallery.
func (f *Folder) update(ctx context.Context) error {
	entries, err := f.list(ctx)
	if err != nil {
		return fmt.Errorf("list the gallery: %w", err)
	}
	found, err := f.examine(ctx, f.due(entries))
	f.add(ctx, found)
	if err != nil {
		return err
	}
	changed := f.removeMissing(entries) || len(found) > 0
	if changed || !f.wasRead() {
		f.publish(entries)
	}
	return nil
}

func (f *Folder) list(ctx context.Context) ([]photo.Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	entries, err := f.Store.List(ctx)
	// A folder that held photos and is gone is more likely a disk that is gone.
	if errors.Is(err, fs.ErrNotExist) && len(f.photos) == 0 {
		return nil, nil
	}
	return entries, err
}

// due gives the photos that are not known as they are now.
func (f *Folder) due(entries []photo.Entry) (due []photo.Entry) {
	for _, entry := range entries {
		if k := f.photos[entry.Name]; k == nil || !k.is(entry) {
			due = append(due, entry)
		}
	}
	return due
}

// examine finds out what photos show. What it found before an error it gives, too.
func (f *Folder) examine(ctx context.Context, due []photo.Entry) (found []*known, err error) {
	var mutex sync.Mutex
	group, going := errgroup.WithContext(ctx)
	group.SetLimit(f.parallel)
	for _, entry := range due {
		if going.Err() != nil {
			break
		}
		group.Go(func() error {
			k, err := f.examineOne(going, entry)
			if k != nil {
				mutex.Lock()
				defer mutex.Unlock()
				found = append(found, k)
			}
			return err
		})
	}
	err = group.Wait()
	return found, cmp.Or(err, ctx.Err())
}

// examineOne gives nothing for a photo that is gone; an error when it makes no sense to go
// on with others.
func (f *Folder) examineOne(ctx context.Context, entry photo.Entry) (*known, error) {
	body, err := f.body(ctx, entry.Name)
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
	faces, warning, err := f.faces(ctx, body)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return unreadable(entry, err), nil
	}
	if warning != "" {
		f.log.Warn("gallery photo cannot be seen whole", "image_name", entry.Name, "warning", warning)
	}
	problems, usable := f.problems(faces)
	k := &known{entry: entry, person: lineup.PersonOf(entry.Name), problems: problems, usable: usable, faces: len(faces)}
	if usable {
		k.embedding = faces[0].Embedding
	}
	return k, nil
}

// add takes over what is new and lets searches see it.
func (f *Folder) add(ctx context.Context, found []*known) {
	var remove []*known
	var vectors []search.Vector[*known]
	for _, now := range found {
		before := f.photos[now.entry.Name]
		if before == nil || !before.failedAs(now) {
			f.log.Log(ctx, now.level(), "gallery photo looked at", now.words()...)
		}
		if before != nil {
			remove = append(remove, before)
		}
		if now.usable {
			vectors = append(vectors, search.Vector[*known]{Key: now, Values: now.embedding})
		}
		f.photos[now.entry.Name] = now
	}
	f.index.Update(remove, vectors)
	for _, v := range vectors {
		v.Key.embedding = nil // the index has it
	}
}

// removeMissing removes the photos that are not listed, and tells whether there were any.
func (f *Folder) removeMissing(entries []photo.Entry) bool {
	listed := make(map[string]bool, len(entries))
	for _, entry := range entries {
		listed[entry.Name] = true
	}
	var remove []*known
	for name, k := range f.photos {
		if !listed[name] {
			remove = append(remove, k)
			delete(f.photos, name)
		}
	}
	f.index.Update(remove, nil)
	return len(remove) > 0
}

// publish lets everybody see the photos that are known, in the list's order.
func (f *Folder) publish(entries []photo.Entry) {
	sorted := make([]*known, 0, len(f.photos))
	for _, entry := range entries {
		if k := f.photos[entry.Name]; k != nil {
			sorted = append(sorted, k)
		}
	}
	f.sorted.Store(&sorted)
	f.log.Info("gallery read", "photos", len(sorted), "faces", f.index.Len())
}
