package gallery

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// reading is how a gallery comes to know what it knows.
type reading interface {
	// Read brings the gallery up to date. When that fails, what is known stays.
	Read(ctx context.Context) error
	// Follow reads the gallery, and again after every pause, until ctx ends. What goes
	// wrong is logged, once, and tried again.
	Follow(ctx context.Context, pause time.Duration)
	// Loaded is closed once the gallery was read for the first time.
	Loaded() <-chan struct{}
	// Ready is nil once the gallery was read. Before, it wraps ErrReading and, if the
	// last attempt failed, why.
	Ready() error
	// ReadAt is when it was last read without a failure, and whether it was at all.
	ReadAt() (at time.Time, once bool)
}

// follower does that for a gallery that can be read.
type follower struct {
	read   func(context.Context) error
	log    *slog.Logger
	once   sync.Once
	loaded chan struct{}         // closed when the gallery was read once
	at     atomic.Int64          // of the last reading that did not fail, in Unix nanoseconds
	failed atomic.Pointer[error] // why the last reading did, while Follow follows
}

func newFollower(read func(context.Context) error, log *slog.Logger) *follower {
	return &follower{read: read, log: log, loaded: make(chan struct{})}
}

func (f *follower) Loaded() <-chan struct{} { return f.loaded }

func (f *follower) Ready() error {
	if f.wasRead() {
		return nil
	}
	if failure := f.failed.Load(); failure != nil {
		return fmt.Errorf("%w: %w", ErrReading, *failure)
	}
	return ErrReading
}

func (f *follower) ReadAt() (at time.Time, once bool) { return time.Unix(0, f.at.Load()), f.wasRead() }

func (f *follower) wasRead() bool {
	select {
	case <-f.loaded:
		return true
	default:
		return false
	}
}

func (f *follower) Read(ctx context.Context) error {
	err := f.read(ctx)
	if err == nil {
		f.at.Store(time.Now().UnixNano())
		f.once.Do(func() { close(f.loaded) })
	}
	return err
}

func (f *follower) Follow(ctx context.Context, pause time.Duration) {
	for {
		err := f.Read(ctx)
		if ctx.Err() != nil {
			return
		}
		f.report(err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

func (f *follower) report(err error) {
	if err == nil {
		if f.failed.Swap(nil) != nil {
			f.log.Info("gallery can be read again")
		}
		return
	}
	before := f.failed.Swap(&err)
	if before == nil || (*before).Error() != err.Error() {
		f.log.Warn("gallery cannot be read, trying again; what was read before still counts", "error", err)
	}
}
