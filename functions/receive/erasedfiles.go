package main

import (
	"context"
	"errors"

	"lineup.dev/lineup/pkg/photo"
)

// underErased are files of the gallery that lie under the names of erased people's photos.
type underErased struct {
	theirs  []string // copies of such a photo
	unknown []string // nobody can tell
	others  []string // whose content is another
}

type digester interface {
	Digest(ctx context.Context, name string) (string, error)
}

// compareErased tells what lies under the names of erased photos, by the contents that these had.
func compareErased(ctx context.Context, gallery digester, erased map[string]string) (found underErased, err error) {
	for name, content := range erased {
		is, err := gallery.Digest(ctx, name)
		switch {
		case errors.Is(err, photo.ErrNotFound):
		case errors.Is(err, photo.ErrUnreachable), ctx.Err() != nil:
			return found, err
		case err != nil || content == "":
			found.unknown = append(found.unknown, name)
		case is == content:
			found.theirs = append(found.theirs, name)
		default:
			found.others = append(found.others, name)
		}
	}
	return found, nil
}
