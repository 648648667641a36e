package main

import (
	"context"
	"fmt"

	"lineup.dev/lineup/pkg/photo"
)

// save stores an upload, whose name tells its content, unless it is there: saved again it
// would be a new file, and looked at again. One of another size was damaged, and is replaced.
func save(ctx context.Context, roots *photo.Roots, name string, body []byte) error {
	if there, err := roots.Saved(ctx, name); err == nil && there.Size == int64(len(body)) {
		return nil
	}
	if err := roots.Save(ctx, name, body); err != nil {
		return fmt.Errorf("%w: %w", errSave, err)
	}
	return nil
}
