package gallery

import (
	"context"
	"time"

	"lineup.dev/lineup/pkg/photo"
)

// How long a store may take for its list of photos, and for one of them.
const (
	listTimeout = 60 * time.Second
	readTimeout = 30 * time.Second
)

// Store is where the photos lie.
type Store interface {
	List(ctx context.Context) ([]photo.Entry, error)
	Read(ctx context.Context, name string, limit int64) ([]byte, photo.Entry, error)
}
