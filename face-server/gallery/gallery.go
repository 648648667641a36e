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

	"lineup.dev/lineup/face-server/search"
	"lineup.dev/lineup/pkg/photo"
)

// ErrReading says that the gallery was not read to the end yet.
var ErrReading = errors.New("the gallery is being read")

// Store is where the photos lie, and beside them what was found out about them.
type Store interface {
	List(ctx context.Context) ([]photo.Entry, error)
	ListFolder(ctx context.Context, folder string) ([]photo.Entry, error)
	Read(ctx context.Context, name string, limit int64) ([]byte, error)
	Save(ctx context.Context, name string, body []byte) error
	Remove(ctx context.Context, name string) error
}

// Look finds, describes and measures the faces in a picture. It is called from several
// goroutines at once.
type Look func(ctx context.Context, body []byte) ([]Face, error)

// Options are what a gallery is made with.
type Options struct {
	// Model stands for all that makes a face's embedding: what was found out with
	// another one counts for nothing.
	Model    string
	Length   int   // of an embedding
	Parallel int   // how many photos are looked at at a time
	MaxBytes int64 // of a photo
	// Share is after how long of looking at photos what they show is let be seen, here
	// and by other replicas.
	Share time.Duration
	Limits
}

// Gallery is safe for concurrent use, but only one goroutine may Read or Follow.
type Gallery struct {
	Options
	store Store
	look  Look
	log   *slog.Logger

	// For the reading goroutine alone.
	cache     *cache
	photos    map[string]*known // by name
	byContent map[content]*known
	stale     bool // roll does not show all that is in photos

	index  *search.Index[*known]    // of the photos in use
	roll   atomic.Pointer[[]*known] // all photos, sorted by name
	failed atomic.Pointer[error]    // why the last reading did, while Follow follows
	loaded chan struct{}            // closed when the gallery was read once
}

// New makes a gallery that was not read yet.
func New(store Store, look Look, o Options, log *slog.Logger) *Gallery {
	return &Gallery{
		Options: o, store: store, look: look, log: log,
		cache:  newCache(store, o.Model, o.Length, o.Share, log),
		photos: map[string]*known{}, byContent: map[content]*known{},
		index: search.New[*known](o.Length), loaded: make(chan struct{}),
	}
}

// Loaded is closed once the gallery was read for the first time.
func (g *Gallery) Loaded() <-chan struct{} { return g.loaded }

// Ready is nil once the gallery was read. Before, it wraps ErrReading and, if the
// last attempt failed, why.
func (g *Gallery) Ready() error {
	if g.roll.Load() != nil {
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
