// Package gallery keeps the faces of the known people in memory and follows the
// folder or bucket that holds their photos.
package gallery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// ErrReading says that the gallery was not read to the end yet.
var ErrReading = errors.New("the gallery is being read")

// Extractor finds, describes and measures the faces in a picture, and warns, in words
// for a user, when its file is damaged. It is called from several goroutines at once.
type Extractor func(ctx context.Context, body []byte) (faces []Face, warning string, err error)

// Options are what a gallery is made with.
type Options struct {
	// Model stands for all that makes a face's embedding: descriptions made with
	// another one count for nothing.
	Model    string
	Length   int   // of an embedding
	Parallel int   // how many photos are processed at a time
	MaxBytes int64 // of a photo
	// Share is after how long of processing photos the results can be seen, here and by
	// other replicas.
	Share time.Duration
	Requirements
}

// Gallery is safe for concurrent use, but only one goroutine may Read or Follow.
type Gallery struct {
	examiner
	photos *collection
	reader *reader // for the goroutine that Reads or Follows alone
	log    *slog.Logger
	failed atomic.Pointer[error] // why the last reading did, while Follow follows
}

// New makes a gallery that was not read yet.
func New(store Store, extract Extractor, o Options, log *slog.Logger) *Gallery {
	e := examiner{Options: o, store: store, extract: extract}
	photos := newCollection(o.Length, log)
	cache := newCache(store, o.Model, o.Length, o.Share, log)
	return &Gallery{
		examiner: e, photos: photos, log: log,
		reader: &reader{examiner: e, collection: photos, cache: cache, cacheKeeper: cacheKeeper{cache, photos}},
	}
}

// Loaded is closed once the gallery was read for the first time.
func (g *Gallery) Loaded() <-chan struct{} { return g.photos.loaded }

// Ready is nil once the gallery was read. Before, it wraps ErrReading and, if the
// last attempt failed, why.
func (g *Gallery) Ready() error {
	if g.photos.published() {
		return nil
	}
	if failure := g.failed.Load(); failure != nil {
		return fmt.Errorf("%w: %w", ErrReading, *failure)
	}
	return ErrReading
}

// Follow reads the gallery, and again after every pause, until ctx ends. What goes
// wrong is logged, once, and tried again.
func (g *Gallery) Follow(ctx context.Context, pause time.Duration) {
	for {
		err := g.Read(ctx)
		if ctx.Err() != nil {
			return
		}
		g.reportReading(err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

func (g *Gallery) reportReading(err error) {
	if err == nil {
		if g.failed.Swap(nil) != nil {
			g.log.Info("gallery can be read again")
		}
		return
	}
	before := g.failed.Swap(&err)
	if before == nil || (*before).Error() != err.Error() {
		g.log.Warn("gallery cannot be read, trying again; what was read before still counts", "error", err)
	}
}

// Read brings the gallery up to date: photos that are new or changed are processed,
// unless their descriptions are found in the cache, and those that are gone are
// removed. A photo that cannot be used is logged by name and does no harm to the
// rest. A folder that is not there yet is an empty gallery. When the store cannot be
// reached the error says so, and what is known stays.
func (g *Gallery) Read(ctx context.Context) error { return g.reader.read(ctx) }

// Candidates gives at most count persons, the most similar to a face first; of what
// is equally similar, the first by the photo's name. All of a person's photos count.
func (g *Gallery) Candidates(embedding []float32, count int) []Candidate {
	var best []Candidate
	for k, similarity := range g.photos.index.Near(embedding) {
		best = insert(best, Candidate{k.entry.Name, k.person, similarity}, count)
	}
	return best
}
