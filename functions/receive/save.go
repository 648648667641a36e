package main

import (
	"context"
	"fmt"
	"strings"

	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/xmp"
)

// save stores an upload, whose name tells its content, unless it is there: saved again it
// would be a new file, and looked at again. One of another size was damaged, and is replaced.
func save(ctx context.Context, roots *photo.Roots, name string, body []byte) (saved bool, err error) {
	if there, err := roots.Saved(ctx, name); err == nil && there.Size == int64(len(body)) {
		return false, nil
	}
	if err := roots.Save(ctx, name, body); err != nil {
		return false, fmt.Errorf("%w: %w", errSave, err)
	}
	return true, nil
}

// removeUpload removes the file of a picture that was uploaded, and what photo managers or an
// import put beside it, which may name people. Any other is its owner's.
func removeUpload(ctx context.Context, roots *photo.Roots, path string) error {
	if !strings.HasPrefix(path, uploadFolder) {
		return nil
	}
	for _, file := range append(xmp.Sidecars(path), path) {
		if err := roots.Remove(ctx, file); err != nil {
			return fmt.Errorf("%w: %w", errSave, err)
		}
	}
	return nil
}
