package main

import (
	"context"
	"log/slog"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/store"
)

// leftovers removes thumbnails and crops that no row names any more: of pictures that were
// deleted or looked at again, and of people who were erased. What cannot be removed now is
// tried again at the next ping.
type leftovers struct {
	store *store.Store
	roots *photo.Roots
	log   *slog.Logger
}

// leftoversBatch is how many are read at a time.
const leftoversBatch = 500

func (l leftovers) remove(ctx context.Context) error {
	for {
		names, err := l.store.Leftovers(ctx, leftoversBatch)
		if err != nil || len(names) == 0 {
			return err
		}
		var gone []lineup.Derived
		for _, name := range names {
			if err = l.roots.RemoveDerived(ctx, string(name)); err != nil {
				break // the others would fail alike
			}
			gone = append(gone, name)
		}
		if err != nil { // which holds up nothing else that a ping does
			l.log.Warn("thumbnails and crops that nothing names are still there; next: see that the first root of IMAGES_URL can be written to", "gone", len(gone), "error", err)
		}
		if forgotten := l.store.ForgetLeftovers(ctx, gone); forgotten != nil || err != nil {
			return forgotten
		}
	}
}
