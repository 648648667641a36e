package main

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"log/slog"
	"time"

	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/store"
)

const (
	// adoptPage is how many files of the gallery are compared with rows at once.
	adoptPage = 500
	// galleryTop is the path of the gallery's own folder or bucket.
	galleryTop = "./"
)

// adopter gives photos that a hand put into the gallery rows, and tells of rows whose
// files are gone. It never adopts what has a row, used or removed.
type adopter struct {
	AdoptSettings
	gallery listedGallery
	rows    *store.Store
	log     *slog.Logger
}

// listedGallery is *photo.Roots, as much of it as adopting takes.
type listedGallery interface {
	digester
	FindFolder(ctx context.Context, folder string) error
	Walk(ctx context.Context, folder, after string) iter.Seq2[string, error]
	Saved(ctx context.Context, name string) (photo.Entry, error)
}

// adopt lists the gallery, as far as the time suffices; the next ping goes on. What keeps
// the gallery from being listed stands in the stats, and changes nothing else.
func (a *adopter) adopt(ctx context.Context) error {
	if a.Time == 0 {
		return nil
	}
	adoption, ok, err := a.rows.ClaimAdoption(ctx, a.Time+adoptLease, a.Pause)
	if err != nil || !ok {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), withdrawTime)
		defer cancel()
		a.rows.ReleaseAdoption(ctx, adoption) //nolint:errcheck // else its lease runs out
	}()
	l := &listing{adopter: a, Adoption: adoption}
	looking, cancel := context.WithTimeout(ctx, a.Time)
	defer cancel()
	failure := l.list(looking)
	if passed := l.Unreadable - adoption.Unreadable; passed > 0 {
		a.log.Warn("folders of the gallery may not be read, so that no photo of theirs is adopted; next: find them by 'find . -type d ! -readable' in KNOWN_PEOPLE, as the account of receive, and let that read them",
			"folders", passed)
	}
	if l.adopted > 0 {
		a.log.Info("photos of the gallery wait to be looked at", "photos", l.adopted)
	}
	switch {
	case failure == nil, errors.Is(failure, store.ErrClaimLost):
		return nil
	case errors.Is(failure, errRows):
		return failure
	case looking.Err() != nil && l.moved: // the time is over
		return ctx.Err()
	}
	a.log.Warn("the gallery cannot be listed", "error", failure)
	return a.rows.FailAdoption(ctx, l.Adoption, listProblem(failure))
}

// adoptLease is how much longer a listing may take than it should, until another begins.
const adoptLease = time.Minute

// errRows says that the database failed, not the gallery.
var errRows = errors.New("the photos' rows cannot be compared with the gallery")

// errEmpty says that a gallery is empty that had photos.
var errEmpty = errors.New("KNOWN_PEOPLE has no photo any more, but photos that count were in it: it may be another folder, or a disk that is not mounted; nothing was changed; next: put them back, or remove the photos")

// listProblem is what the stats tell. Clients must see no more of the disk than they sent.
func listProblem(err error) string {
	switch {
	case errors.Is(err, errEmpty):
		return errEmpty.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "KNOWN_PEOPLE could not be listed within ADOPT_TIME; it is tried again at every ping"
	case errors.Is(err, photo.ErrUnreachable), errors.Is(err, photo.ErrNoFolder):
		return "KNOWN_PEOPLE is not there, or cannot be reached; it is tried again at every ping"
	}
	return "KNOWN_PEOPLE cannot be listed, the log of receive says why; it is tried again at every ping"
}

// listing is a part of going through the gallery.
type listing struct {
	*adopter
	store.Adoption
	adopted int
	moved   bool // a page was done
}

func (l *listing) list(ctx context.Context) error {
	err := l.gallery.FindFolder(ctx, galleryTop)
	if err != nil && !errors.Is(err, photo.ErrNoFolder) {
		return err
	}
	missing := err
	var names []string
	for name, err := range l.gallery.Walk(ctx, galleryTop, l.Position) {
		switch {
		case errors.Is(err, photo.ErrPassedOver): // whether its files are there, is asked of each
			l.Unreadable++ // its name would be somebody's in the log
			continue
		case err != nil:
			return err
		}
		if names = append(names, name); len(names) < adoptPage {
			continue
		}
		if err := l.page(ctx, names, names[len(names)-1]); err != nil {
			return err
		}
		if names = names[:0]; l.adopted >= l.Most {
			return nil
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.Listed+int64(len(names)) == 0 {
		has, err := l.rows.HasPhotoFiles(ctx)
		if err != nil || has {
			return cmp.Or(rowsFailed(err), missing, errEmpty)
		}
	}
	if err := l.page(ctx, names, ""); err != nil {
		return err
	}
	return rowsFailed(l.rows.FinishAdoption(ctx, l.Adoption))
}

// page compares the files of a page with the rows. Last is the name of its last file, and
// empty when no more follow.
func (l *listing) page(ctx context.Context, names []string, last string) error {
	there := map[string]bool{}
	var adoptable []string
	for _, name := range names {
		if there[name] = true; store.Adoptable(name) {
			adoptable = append(adoptable, name)
		}
	}
	if err := l.lose(ctx, there, last); err != nil {
		return err
	}
	if err := l.passErased(ctx, adoptable); err != nil {
		return err
	}
	waiting, err := l.rows.Adopt(ctx, adoptable)
	l.adopted += waiting
	if err != nil {
		return rowsFailed(err)
	}
	l.Position, l.Listed, l.Refused = last, l.Listed+int64(len(names)), l.Refused+int64(len(names)-len(adoptable))
	l.moved = true
	if last == "" {
		return nil
	}
	return rowsFailed(l.rows.MoveAdoption(ctx, l.Adoption))
}

// passErased lets files be adopted that lie under the names of erased people's photos and are
// others; the rest is counted and told of.
func (l *listing) passErased(ctx context.Context, names []string) error {
	erased, err := l.rows.ErasedFiles(ctx, names)
	if err != nil {
		return rowsFailed(err)
	}
	found, err := compareErased(ctx, l.gallery, erased)
	if err != nil {
		return err
	}
	if withheld := len(found.theirs) + len(found.unknown); withheld > 0 {
		l.Withheld += int64(withheld)
		l.log.Warn("files of the gallery have the names of erased people's photos, and are not adopted; next: give those another name that show somebody else",
			"copies", len(found.theirs), "unknown", len(found.unknown))
	}
	return rowsFailed(l.rows.PassErased(ctx, found.others))
}

// lose finds the photos of the page that count and whose files are not there. Each file is
// asked for, as a listing may have been broken off unnoticed.
func (l *listing) lose(ctx context.Context, there map[string]bool, last string) error {
	for after := l.Position; ; {
		files, err := l.rows.PhotoFiles(ctx, after, last, adoptPage)
		if err != nil {
			return rowsFailed(err)
		}
		var gone []int64
		for _, file := range files {
			if after = file.ImageName; there[file.ImageName] {
				continue
			}
			_, err := l.gallery.Saved(ctx, file.ImageName)
			switch {
			case errors.Is(err, photo.ErrNotFound):
				gone = append(gone, file.ID)
			case err != nil && !errors.Is(err, photo.ErrDenied) && !errors.Is(err, photo.ErrNotFile) && !errors.Is(err, photo.ErrRefused):
				return err
			}
		}
		if len(gone) > 0 {
			l.log.Warn("photos are not used: their files are gone", "photos", gone)
			if err := l.rows.LosePhotos(ctx, gone); err != nil {
				return rowsFailed(err)
			}
		}
		if len(files) < adoptPage {
			return nil
		}
	}
}

// rowsFailed is the database's failure, which is not the gallery's.
func rowsFailed(err error) error {
	if err == nil || errors.Is(err, store.ErrClaimLost) {
		return err
	}
	return errors.Join(errRows, err)
}
