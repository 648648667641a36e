package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"lineup.dev/lineup/pkg/lineup"
	photos "lineup.dev/lineup/pkg/photo"
)

// DerivedSettings say where the pictures go that the face server makes of those it looks at.
type DerivedSettings struct {
	ImagesURL      string        `envconfig:"IMAGES_URL" desc:"picture roots as receive and view have them; thumbnails and crops of faces are saved in the first, under derived/; not set: none are made"`
	DerivedTimeout time.Duration `envconfig:"DERIVED_TIMEOUT" default:"5s" min:"1ms" max:"15m" desc:"how long saving a picture's thumbnail and crops may take; what is not saved by then is made at the next look"`
	photos.Patience
}

// Check refuses what is neither a folder nor a bucket. It looks at none of them.
func (s DerivedSettings) Check() error {
	if s.ImagesURL == "" {
		return nil
	}
	return photos.RootsSettings{ImagesURL: s.ImagesURL}.Check()
}

// derivedFiles is where derived pictures are saved; nil where none are made.
type derivedFiles struct {
	roots   *photos.Roots
	timeout time.Duration
	log     *slog.Logger
}

func newDerivedFiles(s DerivedSettings, log *slog.Logger) (*derivedFiles, error) {
	if s.ImagesURL == "" {
		return nil, nil
	}
	roots, err := s.Patience.Open(s.ImagesURL)
	if err != nil {
		return nil, fmt.Errorf("IMAGES_URL: %w", err)
	}
	return &derivedFiles{roots, s.DerivedTimeout, log}, nil
}

func (d *derivedFiles) close() {
	if d != nil {
		d.roots.Close()
	}
}

// derivedFile is one that is yet to be saved.
type derivedFile struct {
	name lineup.Derived
	body []byte
}

// Limits of what a face server may have made.
const (
	thumbnailBytes = 64 << 10
	cropBytes      = 32 << 10
	largeBytes     = 4 << 20
)

// readDerived gives the file if it is what it should be: a JPEG of no more bytes than that.
func readDerived(name lineup.Derived, body []byte, most int) (derivedFile, bool) {
	format, known := photos.FormatOf(body)
	return derivedFile{name, body}, known && format.MediaType == "image/jpeg" && len(body) <= most
}

// savedAtOnce is how many files are saved at the same time: a bucket takes some 20 ms for each.
const savedAtOnce = 4

// save saves all of the files, or none: without them the picture has its answer all the same.
func (d *derivedFiles) save(ctx context.Context, files []derivedFile) bool {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	var all errgroup.Group
	all.SetLimit(savedAtOnce)
	for _, file := range files {
		all.Go(func() error { return cmp.Or(ctx.Err(), d.roots.SaveDerived(ctx, string(file.name), file.body)) })
	}
	err := all.Wait()
	if err == nil {
		return true
	}
	d.log.Warn("thumbnail and crops not saved; next: look at the picture again", "files", len(files), "error", err)
	names := make([]lineup.Derived, len(files))
	for i, file := range files {
		names[i] = file.name
	}
	d.remove(context.WithoutCancel(ctx), names)
	return false
}

// remove removes files that no row names.
func (d *derivedFiles) remove(ctx context.Context, names []lineup.Derived) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	var errs []error
	for _, name := range names {
		errs = append(errs, d.roots.RemoveDerived(ctx, string(name)))
	}
	if err := errors.Join(errs...); err != nil {
		d.log.Error("derived pictures that no row names are still there; next: remove them from derived/", "names", names, "error", err)
	}
}

// removePrior removes what a claim left that was taken over, by the names that it would have
// given. It ends after more missing ones than are saved at once.
func (d *derivedFiles) removePrior(ctx context.Context, name func(n int) lineup.Derived) {
	if d == nil || name(0) == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	var left []lineup.Derived
	for n, missing := 0, 0; missing <= savedAtOnce+1; n++ {
		there, err := d.roots.HasDerived(ctx, string(name(n)))
		if err != nil {
			d.log.Error("what a claim left that ran out cannot be looked for; next: nothing, unless this goes on", "error", err)
			break
		}
		if missing++; there {
			missing, left = 0, append(left, name(n))
		}
	}
	d.remove(ctx, left)
}
