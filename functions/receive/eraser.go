package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/store"
)

// How many files of erased people, and pictures that are too old, are read at a time.
const (
	erasedFiles   = 500
	expiredImages = 100
)

// eraser does what is left of erasing people once they were answered for: the files of
// their photos, and every mention; and it forgets pictures that are older than RETENTION.
// It tells nobody's name: not in its log, and not in a receipt.
type eraser struct {
	ErasingSettings
	store   *store.Store
	gallery *photo.Roots
	roots   *photo.Roots
	log     *slog.Logger

	wake    chan struct{} // holds one element when somebody was erased
	working sync.Mutex
}

func newEraser(s ErasingSettings, o opened, log *slog.Logger) *eraser {
	return &eraser{ErasingSettings: s, store: o.store, gallery: o.gallery, roots: o.roots, log: log, wake: make(chan struct{}, 1)}
}

// wakeUp is called after somebody was erased. It does not wait.
func (e *eraser) wakeUp() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// run erases what is left after each waking, until ctx ends.
func (e *eraser) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.wake:
		}
		more, err := e.work(ctx)
		if err != nil && ctx.Err() == nil {
			e.log.Warn("what is left of erased people is not all gone yet; next: the next ping goes on", "error", err)
		}
		if more && err == nil {
			e.wakeUp()
		}
	}
}

// resume goes on for a ping with what is left.
func (e *eraser) resume(ctx context.Context) error {
	_, err := e.work(ctx)
	return err
}

// work goes on for ERASE_TIME, and tells whether it would go on.
func (e *eraser) work(ctx context.Context) (more bool, err error) {
	e.working.Lock()
	defer e.working.Unlock()
	until := time.Now().Add(e.Time)
	erasures, err := e.store.UnfinishedErasures(ctx)
	if err != nil {
		return false, err
	}
	for _, id := range erasures {
		some, err := e.erase(ctx, id, until)
		if err != nil {
			return false, err
		}
		more = more || some
	}
	if err := e.dropTombstones(ctx); err != nil {
		return false, err
	}
	some, err := e.expire(ctx, until)
	return more || some, err
}

// erase does the batches of one erasing. A file that cannot be removed holds up no batch.
func (e *eraser) erase(ctx context.Context, id int64, until time.Time) (more bool, err error) {
	problem, err := e.removeFiles(ctx, id)
	if err != nil {
		return false, err
	}
	if err := e.store.SetErasureProblem(ctx, id, problem); err != nil {
		return false, err
	}
	for more = true; more && time.Now().Before(until); {
		if more, err = e.store.EraseMore(ctx, id); err != nil {
			return false, err
		}
	}
	if !more {
		e.log.Info("person's traces erased", "erasure", id, "problem", problem)
	}
	return more, nil
}

// removeFiles removes the files of an erasure's photos, and says what keeps it from one.
func (e *eraser) removeFiles(ctx context.Context, id int64) (problem string, err error) {
	for after, full := int64(0), true; full; {
		files, err := e.store.FilesToErase(ctx, id, after, erasedFiles)
		if err != nil {
			return "", err
		}
		if err := e.noteContents(ctx, files); err != nil {
			return "", err
		}
		var gone []int64
		for _, file := range files {
			after = file.Photo
			if err := e.removeFile(ctx, file); err != nil {
				problem = fmt.Sprintf("the file of photo %d, and maybe others, cannot be removed: %s", file.Photo, whyNotRemoved(err))
				continue
			}
			gone = append(gone, file.Photo)
		}
		if err := e.store.MarkFilesErased(ctx, id, gone); err != nil {
			return "", err
		}
		full = len(files) == erasedFiles
	}
	return problem, nil
}

// noteContents notes what files hold that are to be removed.
func (e *eraser) noteContents(ctx context.Context, files []store.FileToErase) error {
	contents := map[int64]string{}
	for i, file := range files {
		if file.Content != "" {
			continue
		}
		if content, err := e.gallery.Digest(ctx, file.ImageName); err == nil { // else nobody can tell
			contents[file.Photo], files[i].Content = content, content
		}
	}
	return e.store.NoteErasedContents(ctx, contents)
}

// removeFile removes a file whose content was noted. Another under its name is somebody's own.
func (e *eraser) removeFile(ctx context.Context, file store.FileToErase) error {
	if file.Content != "" {
		switch content, err := e.gallery.Digest(ctx, file.ImageName); {
		case errors.Is(err, photo.ErrNotFound):
			return nil
		case err != nil:
			return err
		case content != file.Content:
			e.log.Warn("another file lies under the name of an erased photo, and stays", "photo", file.Photo)
			return nil
		}
	}
	return e.gallery.Remove(ctx, file.ImageName)
}

// whyNotRemoved says it without the file's name.
func whyNotRemoved(err error) string {
	if errors.Is(err, photo.ErrDenied) {
		return "the place where the gallery lies does not let receive remove it; next: give its account the right to, see KNOWN_PEOPLE"
	}
	return "the place where the gallery lies cannot be written to; the next ping tries again"
}

// dropTombstones deletes the rows of erased photos whose files have been gone for a day,
// once it saw that none is back. One that is, is removed.
func (e *eraser) dropTombstones(ctx context.Context) error {
	old, err := e.store.AnyOldTombstone(ctx)
	if err != nil || !old {
		return err
	}
	var names []string
	for name, err := range e.gallery.Walk(ctx, galleryTop, "") {
		if err != nil {
			e.log.Warn("the gallery cannot be listed whole, so that the rows of erased photos stay", "why", whyNotRemoved(err))
			return nil
		}
		if names = append(names, name); len(names) < erasedFiles {
			continue
		}
		if err := e.removeBack(ctx, names); err != nil {
			return err
		}
		names = names[:0]
	}
	if err := e.removeBack(ctx, names); err != nil {
		return err
	}
	dropped, err := e.store.DropTombstones(ctx)
	if dropped > 0 {
		e.log.Info("rows of erased photos deleted", "photos", dropped)
	}
	return err
}

// removeBack removes those of these files of the gallery that are copies of an erased person's
// photos. Another under such a name is let be, and one of which nobody can tell.
func (e *eraser) removeBack(ctx context.Context, imageNames []string) error {
	erased, err := e.store.ErasedFiles(ctx, imageNames)
	if err != nil {
		return err
	}
	found, err := compareErased(ctx, e.gallery, erased)
	if err != nil {
		return err
	}
	if err := e.store.PassErased(ctx, found.others); err != nil {
		return err
	}
	back, err := e.store.FilesBack(ctx, slices.Concat(found.theirs, found.unknown))
	if err != nil {
		return err
	}
	e.removeCopies(ctx, back, func(name string) bool { return slices.Contains(found.theirs, name) })
	return nil
}

// removeSaved removes those of these files that a request saved although their person was
// erased meanwhile. Contents are what it saved.
func (e *eraser) removeSaved(ctx context.Context, contents map[string][]byte) error {
	back, err := e.store.FilesBack(ctx, slices.Sorted(maps.Keys(contents)))
	if err != nil {
		return err
	}
	e.removeCopies(ctx, back, func(name string) bool {
		is, err := e.gallery.Digest(ctx, name)
		return err == nil && is == fmt.Sprintf("%x", sha256.Sum256(contents[name]))
	})
	return nil
}

// removeCopies removes those of the files that are copies of erased photos.
func (e *eraser) removeCopies(ctx context.Context, imageNames []string, isCopy func(name string) bool) {
	removed := 0
	for _, name := range imageNames {
		if !isCopy(name) {
			continue
		}
		if err := e.gallery.Remove(ctx, name); err != nil {
			e.log.Warn("a file of an erased person came back, and stays", "why", whyNotRemoved(err))
			continue
		}
		removed++
	}
	if removed > 0 {
		e.log.Info("files of erased people came back, and were removed", "files", removed)
	}
}

// expire forgets pictures that are older than RETENTION, with the files of uploads. One whose
// file cannot be removed stays.
func (e *eraser) expire(ctx context.Context, until time.Time) (more bool, err error) {
	if e.Retention == 0 {
		return false, nil
	}
	for gone := 0; time.Now().Before(until); gone = 0 {
		old, err := e.store.Expired(ctx, e.Retention, expiredImages)
		if err != nil {
			return false, err
		}
		for _, one := range old {
			err := e.store.Expire(ctx, one.ID, e.Retention, func(ctx context.Context, path string) error {
				return removeUpload(ctx, e.roots, path)
			})
			if errors.Is(err, errSave) {
				e.log.Warn("a picture is older than RETENTION, but its file cannot be removed; next: see IMAGES_URL", "image", one.ID, "error", err)
				continue
			}
			if err != nil {
				return false, err
			}
			gone++
		}
		if gone > 0 {
			e.log.Info("pictures forgotten that are older than RETENTION", "images", gone)
		}
		if len(old) < expiredImages || gone == 0 { // the others are tried again by the next ping
			return false, nil
		}
	}
	return true, nil
}
