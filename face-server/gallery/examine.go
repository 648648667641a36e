package gallery

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"

	"lineup.dev/lineup/face-server/picture"
	"lineup.dev/lineup/pkg/photo"
)

// Extractor finds, describes and measures the faces in a picture, and warns, in words
// for a user, when its file is damaged. It is called from several goroutines at once.
type Extractor func(ctx context.Context, body []byte) (faces []Face, warning string, err error)

// Examiner finds out what photos show.
type Examiner struct {
	Requirements
	Store    Store
	Extract  Extractor
	MaxBytes int64 // of a photo
}

// Describe tells what a photo of the store shows, the largest face first. The error wraps
// photo.ErrNotFound for one that is not there, or is one of the store's or the models'.
func (e Examiner) Describe(ctx context.Context, name string) (Photo, []Face, error) {
	if !fs.ValidPath(name) {
		return Photo{}, nil, photo.ErrNotFound
	}
	body, err := e.body(ctx, name)
	shown, faces := Photo{}, []Face(nil)
	if err == nil {
		shown, faces, err = e.Check(ctx, body)
	}
	switch {
	case lasting(err):
		shown = Photo{Problems: []Problem{Unreadable}, Failure: err}
	case err != nil:
		return Photo{}, nil, err
	}
	shown.Name = name
	return shown, faces, nil
}

// Check tells what a photo shows that was sent, the largest face first, and whether it
// could be used.
func (e Examiner) Check(ctx context.Context, body []byte) (Photo, []Face, error) {
	faces, warning, err := e.faces(ctx, body)
	switch {
	case errors.Is(err, picture.ErrNoPicture):
		return Photo{Problems: []Problem{Unreadable}, Failure: err}, nil, nil
	case err != nil:
		return Photo{}, nil, err
	}
	problems, usable := e.problems(faces)
	return Photo{Usable: usable, Problems: problems, Advice: warning}, faces, nil
}

func (e Examiner) body(ctx context.Context, name string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	body, _, err := e.Store.Read(ctx, name, e.MaxBytes)
	return body, err
}

// faces gives the faces in a picture, the largest first, and the Extractor's warning.
func (e Examiner) faces(ctx context.Context, body []byte) ([]Face, string, error) {
	faces, warning, err := e.Extract(ctx, body)
	slices.SortStableFunc(faces, func(a, b Face) int { return cmp.Compare(b.Box.Area(), a.Box.Area()) })
	return faces, warning, err
}
