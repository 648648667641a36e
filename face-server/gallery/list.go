package gallery

import (
	"context"
	"crypto/sha256"
	"errors"

	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/pkg/photo"
)

// Photo tells about a photo.
type Photo struct {
	Name     string
	Person   string // see the function Person
	Usable   bool   // whether faces are compared with it
	Problems []Problem
	// Failure is why it is Unreadable.
	Failure error
	// Warning is what of it cannot be seen because its file is damaged. Only Describe and
	// Check tell it: it keeps a photo from nothing.
	Warning string
}

// List gives up to count photos in the order of their names, from the first after the
// name after, and whether more follow. With onlyProblems it gives those that something
// is wrong with.
func (g *Gallery) List(after string, count int, onlyProblems bool) (photos []Photo, more bool) {
	all := g.photos.current()
	from, found := find(all, after)
	if found {
		from++
	}
	for _, k := range all[from:] {
		if onlyProblems && len(k.problems) == 0 {
			continue
		}
		if len(photos) == count {
			return photos, true
		}
		photos = append(photos, k.show())
	}
	return photos, false
}

// Describe processes a photo of the gallery once more and tells what it shows, the
// largest face first. The error wraps photo.ErrNotFound for a name that the gallery
// does not have, or is one of the store's or the models'.
func (g *Gallery) Describe(ctx context.Context, name string) (Photo, []Face, error) {
	all := g.photos.current()
	i, found := find(all, name)
	if !found {
		return Photo{}, nil, photo.ErrNotFound
	}
	body, err := g.body(ctx, name)
	if err == nil {
		var shown Photo
		var faces []Face
		shown, faces, err = g.Check(ctx, body)
		shown.Name, shown.Person = name, all[i].person
		if err == nil {
			return shown, faces, nil
		}
	}
	if lasting(err) {
		return unreadable(all[i].entry, err).show(), nil, nil
	}
	return Photo{}, nil, err
}

// Check tells what a photo shows that is not in the gallery, the largest face first,
// and whether it could be used.
func (g *Gallery) Check(ctx context.Context, body []byte) (Photo, []Face, error) {
	faces, warning, err := g.faces(ctx, body)
	if err != nil && !errors.Is(err, picture.ErrNoPicture) {
		return Photo{}, nil, err
	}
	d := describe(sha256.Sum256(body), faces)
	d.unreadable = err
	problems, usable := g.problems(d)
	return Photo{Usable: usable, Problems: problems, Failure: err, Warning: warning}, faces, nil
}
