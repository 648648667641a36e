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

	"lineup/face-server/face"
	"lineup/pkg/photo"
)

// ErrReading says that the gallery was not read to the end yet.
var ErrReading = errors.New("the gallery is being read")

// Store is where the photos lie.
type Store interface {
	List(ctx context.Context) ([]photo.Entry, error)
	Read(ctx context.Context, name string, limit int64) ([]byte, error)
}

// Look finds and describes the faces in a picture. It is called from several
// goroutines at once.
type Look func(ctx context.Context, body []byte) ([]face.Face, error)

// Gallery is safe for concurrent use, but only one goroutine may Read or Follow.
type Gallery struct {
	store    Store
	look     Look
	parallel int
	maxBytes int64
	log      *slog.Logger

	photos map[string]known // by name; for the reading goroutine alone, as is
	stale  bool             // faces does not show all that is in photos
	faces  atomic.Pointer[faces]
	failed atomic.Pointer[error] // why the last reading did, while Follow follows
	loaded chan struct{}         // closed when the gallery was read once
}

// New makes a gallery that was not read yet. It looks at parallel photos at a time,
// and refuses those of more than maxBytes.
func New(store Store, look Look, parallel int, maxBytes int64, log *slog.Logger) *Gallery {
	return &Gallery{
		store: store, look: look, parallel: parallel, maxBytes: maxBytes, log: log,
		photos: map[string]known{}, stale: true, loaded: make(chan struct{}),
	}
}

// Loaded is closed once the gallery was read for the first time.
func (g *Gallery) Loaded() <-chan struct{} { return g.loaded }

// Ready is nil once the gallery was read. Before, it wraps ErrReading and, if the
// last attempt failed, why.
func (g *Gallery) Ready() error {
	if g.faces.Load() != nil {
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
		g.report(err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

func (g *Gallery) report(err error) {
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
