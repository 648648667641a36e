package gallery

import (
	"cmp"
	"context"
	"slices"

	"lineup.dev/lineup/pkg/photo"
)

// examiner finds out what photos show.
type examiner struct {
	Options
	store   Store
	extract Extractor
}

func (e examiner) body(ctx context.Context, name string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	body, _, err := e.store.Read(ctx, name, e.MaxBytes)
	return body, err
}

// faces gives the faces in a picture, the largest first, and the Extractor's warning.
func (e examiner) faces(ctx context.Context, body []byte) ([]Face, string, error) {
	faces, warning, err := e.extract(ctx, body)
	slices.SortStableFunc(faces, func(a, b Face) int { return cmp.Compare(b.Box.Area(), a.Box.Area()) })
	return faces, warning, err
}

func (e examiner) know(entry photo.Entry, d description) *known {
	problems, usable := e.problems(d)
	return &known{entry: entry, person: Person(entry.Name), problems: problems, usable: usable, description: d}
}
