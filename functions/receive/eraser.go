package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
		var gone []int64
		for _, file := range files {
			after = file.Photo
			if err := e.gallery.Remove(ctx, file.ImageName); err != nil {
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
		if err := e.removeErased(ctx, names); err != nil {
			return err
		}
		names = names[:0]
	}
	if err := e.removeErased(ctx, names); err != nil {
		return err
	}
	dropped, err := e.store.DropTombstones(ctx)
	if dropped > 0 {
		e.log.Info("rows of erased photos deleted", "photos", dropped)
	}
	return err
}

// removeErased removes those of these files of the gallery that are an erased person's and
// came, or came back, since.
func (e *eraser) removeErased(ctx context.Context, imageNames []string) error {
	back, err := e.store.FilesBack(ctx, imageNames)
	if err != nil {
		return err
	}
	for _, name := range back {
		if err := e.gallery.Remove(ctx, name); err != nil {
			e.log.Warn("a file of an erased person came back, and stays", "why", whyNotRemoved(err))
		}
	}
	return nil
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
