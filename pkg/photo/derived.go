package photo

import (
	"context"
	"errors"
	"regexp"
)

// derived is the folder of the first root in which Lineup keeps what it makes of pictures.
const derived = "derived/"

// derivedName is all that a file there may be called: no path comes from outside.
var derivedName = regexp.MustCompile(`^[0-9a-f]{32}\.jpg$`)

// SaveDerived saves what was made of a picture. It may be lost when the machine fails: it can
// be made again, and to sync it would take longer than to make it.
func (r *Roots) SaveDerived(ctx context.Context, name string, body []byte) error {
	return r.inDerived(name, func(below string) error { return r.roots[0].saveUnsynced(ctx, below, body) })
}

// ReadDerived gives what was made of a picture. Its errors are Read's; the file of a name
// that cannot be is not found.
func (r *Roots) ReadDerived(ctx context.Context, name string, limit int64) (body []byte, err error) {
	err = r.inDerived(name, func(below string) error {
		body, _, err = r.Read(ctx, r.roots[0].spell(below), limit)
		return err
	})
	return body, err
}

// HasDerived tells whether the file is there.
func (r *Roots) HasDerived(ctx context.Context, name string) (bool, error) {
	err := r.inDerived(name, func(below string) error {
		_, err := r.roots[0].stat(ctx, below)
		return err
	})
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// RemoveDerived removes it. One that is not there counts as removed.
func (r *Roots) RemoveDerived(ctx context.Context, name string) error {
	err := r.inDerived(name, func(below string) error { return r.roots[0].remove(ctx, below) })
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// inDerived gives where in the first root a file lies: in one of 256 folders, so that none
// has a million files.
func (r *Roots) inDerived(name string, do func(below string) error) error {
	if !derivedName.MatchString(name) {
		return ErrNotFound
	}
	return do(derived + name[:2] + "/" + name)
}
