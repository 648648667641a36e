package gallery

import (
	"context"
	"hash/crc32"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"lineup.dev/lineup/face-server/search"
	"lineup.dev/lineup/pkg/store"
)

// batch is how many photos are added to the index at a time.
const batch = 1024

// Rows is the gallery in the database, as pkg/store reads it.
type Rows interface {
	GalleryState(ctx context.Context) (int64, error)
	GallerySince(ctx context.Context, since int64, model string, rows store.GalleryRows) (state int64, err error)
	GalleryChecksum(ctx context.Context, model string) (store.GallerySum, error)
	GalleryPhotos(ctx context.Context, after string, limit int, onlyUnusable bool) ([]store.ListedPhoto, error)
	GalleryDescriptors(ctx context.Context, photos []int64, model string, descriptor func(photo int64, descriptor []byte)) error
}

// Database is the gallery of a database: who a photo is of stands in its row, and its
// descriptor beside it. It asks for the gallery's state, and reads what changed when that
// moved.
type Database struct {
	*follower
	rows   Rows
	model  string
	length int           // of a descriptor
	every  time.Duration // between two comparisons with all rows

	// The photos that count: those of people with a name, and of strangers, so that how the
	// named are found does not depend on how many strangers there are.
	named, strangers index[*enrolled]
	state            atomic.Int64

	mu     sync.RWMutex
	people map[int64]store.GalleryPerson

	// For the reading goroutine alone.
	photos    map[int64]*enrolled
	compared  time.Time // with all rows
	comparing chan comparison
	asking    sync.WaitGroup // what is to be compared with
	readings  uint32         // of all rows
	unsorted  bool           // photos may be in the other index
}

// comparison is what was known at a state, and what the rows added up to then.
type comparison struct {
	here, there store.GallerySum
	err         error
}

// enrolled is a photo. It does not change once others see it, but for reading, which is
// the reading goroutine's.
type enrolled struct {
	id, person int64
	name       string
	crc        uint32
	reading    uint32 // the last of all rows that it was in
	stranger   bool   // it is in the strangers' index; the reading goroutine's, too
}

// NewDatabase makes a gallery that was not read yet, of descriptors of length numbers that
// a model made. Every so often it compares itself with all rows.
func NewDatabase(rows Rows, model string, length int, every time.Duration, log *slog.Logger) *Database {
	d := &Database{
		rows: rows, model: model, length: length, every: every,
		named: search.New[*enrolled](length), strangers: search.New[*enrolled](length),
		people: map[int64]store.GalleryPerson{}, photos: map[int64]*enrolled{},
	}
	d.follower = newFollower(d.update, log)
	return d
}

// Follow is that of [Gallery]. When it returns, nothing is asked of the rows any more.
func (d *Database) Follow(ctx context.Context, pause time.Duration) {
	defer d.asking.Wait()
	d.follower.Follow(ctx, pause)
}

// State is that of [Gallery].
func (d *Database) State() int64 { return d.state.Load() }

// Candidates are those of [Gallery]. Of persons that were merged it gives the one that is
// left; nobody whose enrolment was undone, nobody without a name.
func (d *Database) Candidates(embeddings [][]float32, count int) [][]Candidate {
	return d.nearest(d.named, embeddings, count, func(p Person) bool { return p.Name != "" })
}

// Strangers are those of [Gallery].
func (d *Database) Strangers(embeddings [][]float32, count int) [][]Candidate {
	return d.nearest(d.strangers, embeddings, count, func(p Person) bool { return p.Name == "" })
}

func (d *Database) nearest(in index[*enrolled], embeddings [][]float32, count int, is func(Person) bool) [][]Candidate {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return candidates(in, embeddings, count,
		func(e *enrolled) Candidate { return Candidate{PhotoID: e.id, ImageName: e.name} },
		func(e *enrolled) (Person, bool) {
			one, known := survivor(e.person, d.people)
			return one, known && is(one)
		})
}

// Size is that of [Gallery].
func (d *Database) Size() (named, strangers int) { return d.named.Len(), d.strangers.Len() }

// List is that of [Gallery]. Whose a photo is and what is wrong with it, its row tells
// whoever may read that.
func (d *Database) List(ctx context.Context, after string, count int, onlyProblems bool) (photos []Photo, more bool, err error) {
	listed, err := d.rows.GalleryPhotos(ctx, after, count+1, onlyProblems)
	for _, one := range listed[:min(len(listed), count)] {
		photos = append(photos, Photo{Name: one.ImageName, Usable: one.Usable})
	}
	return photos, len(listed) > count, err
}

// update reads what changed. A state below the one that was seen is of another database, or
// of one that lost what it had: all is read.
func (d *Database) update(ctx context.Context) error {
	if !d.wasRead() {
		return d.readAll(ctx)
	}
	state, err := d.rows.GalleryState(ctx)
	switch {
	case err != nil:
		return err
	case state < d.State():
		return d.readAll(ctx)
	case state > d.State():
		return d.readSince(ctx)
	}
	return d.compare(ctx)
}

func (d *Database) readAll(ctx context.Context) error {
	d.readings++
	people := map[int64]store.GalleryPerson{}
	_, state, err := d.read(ctx, store.EveryState, people)
	if err != nil {
		return err
	}
	var gone []*enrolled
	for id, photo := range d.photos {
		if photo.reading != d.readings {
			gone = append(gone, photo)
			delete(d.photos, id)
		}
	}
	d.index(gone, nil)
	d.mu.Lock()
	d.people = people
	d.mu.Unlock()
	if err := d.sort(ctx, maps.Values(d.photos)); err != nil {
		return err
	}
	d.state.Store(state)
	d.compared = time.Now()
	d.log.Info("gallery read", "photos", len(d.photos), "people", len(people), "state", state)
	return nil
}

func (d *Database) readSince(ctx context.Context) error {
	people := map[int64]store.GalleryPerson{}
	unsure, state, err := d.read(ctx, d.State(), people)
	if err != nil {
		return err
	}
	sorted := slices.Values(unsure)
	if d.unsorted = d.unsorted || d.moved(people); d.unsorted {
		sorted = maps.Values(d.photos)
	}
	d.mu.Lock()
	maps.Copy(d.people, people)
	d.mu.Unlock()
	if err := d.sort(ctx, sorted); err != nil {
		d.unsorted = true
		return err
	}
	d.unsorted = false
	d.state.Store(state) // last: who sees it sees all of it
	return nil
}

// read takes over the photos that changed since, and gives the people. Of unsure photos the
// person may have come after them.
func (d *Database) read(ctx context.Context, since int64, people map[int64]store.GalleryPerson) (unsure []*enrolled, state int64, err error) {
	c := change{Database: d, people: []map[int64]store.GalleryPerson{people}, numbers: make([]float32, 0, batch*d.length)}
	if since != store.EveryState {
		c.people = append(c.people, d.people)
	}
	state, err = d.rows.GallerySince(ctx, since, d.model, store.GalleryRows{
		Person: func(p store.GalleryPerson) { people[p.ID] = p },
		Photo:  c.photo,
	})
	c.flush()
	return c.unsure, state, err
}

// change collects photos for the index.
type change struct {
	*Database
	people  []map[int64]store.GalleryPerson // as read, and as known before
	unsure  []*enrolled                     // photos whose person may come after them
	remove  []*enrolled
	add     []search.Vector[*enrolled]
	numbers []float32 // of those that are added
}

// photo takes over a photo as its row says. It may come again.
func (c *change) photo(row store.GalleryPhoto) {
	before := c.photos[row.ID]
	if row.Descriptor == nil {
		if before != nil {
			c.replace(before)
			delete(c.photos, row.ID)
		}
		return
	}
	crc := crc32.ChecksumIEEE(row.Descriptor)
	if before != nil && before.person == row.PersonID && before.name == row.ImageName && before.crc == crc {
		before.reading = c.readings
		return
	}
	now := &enrolled{id: row.ID, person: row.PersonID, name: row.ImageName, crc: crc, reading: c.readings}
	if now.stranger = isStranger(row.PersonID, c.people...); !now.stranger && len(c.people) > 1 {
		c.unsure = append(c.unsure, now)
	}
	c.photos[row.ID] = now
	if before != nil {
		c.replace(before)
	}
	if vector := c.vector(row.Descriptor); vector == nil {
		c.log.Warn("a descriptor cannot be used: remove its photo and enrol it again", "photo", row.ID)
	} else {
		c.add = append(c.add, search.Vector[*enrolled]{Key: now, Values: vector})
	}
	if len(c.add) == batch {
		c.flush()
	}
}

// replace removes a photo, which may still wait to be added: it was read twice.
func (c *change) replace(before *enrolled) {
	if len(c.add) > 0 {
		c.flush()
	}
	c.remove = append(c.remove, before)
}

// flush lets searches see what was collected.
func (c *change) flush() {
	c.index(c.remove, c.add)
	c.remove, c.add, c.numbers = nil, c.add[:0], c.numbers[:0]
}

// compare adds up what is known, now and then, and asks what the rows add up to. Of many
// rows that takes seconds, in which changes are read on.
func (d *Database) compare(ctx context.Context) error {
	select {
	case c := <-d.comparing:
		d.comparing, d.compared = nil, time.Now()
		return d.judge(ctx, c)
	default:
	}
	if d.comparing != nil || time.Since(d.compared) < d.every {
		return nil
	}
	here, told := d.sum(), make(chan comparison, 1)
	d.asking.Go(func() {
		there, err := d.rows.GalleryChecksum(ctx, d.model)
		told <- comparison{here, there, err}
	})
	d.comparing = told
	return nil
}

// judge reads all where what is known was not what is there at the same state: somebody
// changed rows by hand.
func (d *Database) judge(ctx context.Context, c comparison) error {
	if c.err != nil {
		return c.err
	}
	if c.there.State != c.here.State || c.there == c.here {
		return nil
	}
	d.log.Warn("the gallery's rows were changed by hand, all are read again", "state", c.here.State)
	return d.readAll(ctx)
}

// sum adds up as GalleryChecksum does.
func (d *Database) sum() store.GallerySum {
	sum := store.GallerySum{State: d.State()}
	var line []byte
	for _, p := range d.people {
		if p.MergedInto != 0 {
			line = fields(line[:0], p.ID, p.MergedInto, d.possible(p.MergedInto))
			sum.Pointers.Count++
			sum.Pointers.CRC += checksum(line)
		}
	}
	for _, photo := range d.photos {
		line = fields(line[:0], photo.id, photo.person, d.possible(photo.person))
		line = append(append(append(line, '/'), photo.name...), '/')
		sum.Photos.Count++
		sum.Photos.CRC += checksum(strconv.AppendUint(line, uint64(photo.crc), 10))
	}
	return sum
}

// possible is 1 for a person that faces could be, 0 for another.
func (d *Database) possible(id int64) int64 {
	if p := d.people[id]; !p.Removed && p.Name != "" {
		return 1
	}
	return 0
}

func fields(line []byte, a, b, c int64) []byte {
	line = strconv.AppendInt(line, a, 10)
	line = strconv.AppendInt(append(line, '/'), b, 10)
	return strconv.AppendInt(append(line, '/'), c, 10)
}

func checksum(line []byte) uint64 { return uint64(crc32.ChecksumIEEE(line)) }
