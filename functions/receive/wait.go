package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"lineup.dev/lineup/pkg/lineup"
)

// Result is what became of a picture that was looked at.
type Result struct {
	Person  *lineup.Person `json:"person"`  // the best match, nil when nobody is known
	Faces   []lineup.Face  `json:"faces"`   // the best match first
	Reason  string         `json:"reason"`  // why it failed, else empty
	Warning string         `json:"warning"` // what could not be seen because the file is damaged, else empty
}

// waitForResults holds the answer back as long as the client prefers (RFC 7240, section
// 4.3), MAX_WAIT at most, until every picture has its result, and tells whether that came.
// It ends early when the program is to end, and does not begin where a folder was posted,
// of which only a ping may find the last picture, or where MAX_WAITERS wait already: they
// would keep others out of an instance that takes so many requests at once.
func (r *receiver) waitForResults(w http.ResponseWriter, request *http.Request, pictures []picture) bool {
	wait := min(waitOf(request), r.limits.MaxWait)
	ids := make([]int64, 0, len(pictures))
	for _, p := range pictures {
		if p.folder != nil {
			return false
		}
		if p.ID != 0 {
			ids = append(ids, p.ID)
		}
	}
	if wait <= 0 || !r.waiters.TryAcquire(1) {
		return false
	}
	defer r.waiters.Release(1)
	w.Header().Set("Preference-Applied", fmt.Sprintf("wait=%d", int(wait.Seconds())))
	ctx, cancel := context.WithTimeout(request.Context(), wait)
	defer cancel()
	if err := r.until(ctx, func(ctx context.Context) (bool, error) { return r.store.AllFinal(ctx, ids) }); err != nil {
		return false
	}
	images, err := r.store.ImagesOf(ctx, ids)
	if err != nil {
		r.log.Warn("results not read, the client is told to come back", "error", err)
		return false
	}
	byID := make(map[int64]lineup.Image, len(images))
	for _, image := range images {
		byID[image.ID] = image
	}
	for i := range pictures {
		p := &pictures[i]
		image, ok := byID[p.ID]
		if ok && !image.Status.Final() { // posted again meanwhile by somebody else
			return false
		}
		if ok {
			p.Status, p.Result = image.Status, &Result{image.Person, image.Faces, image.Reason, image.Warning}
		}
	}
	return true
}

// How long it takes until the rows are read again: a picture takes some tenths of a second
// when all is awake, and some seconds when nothing is.
const (
	firstLook = 50 * time.Millisecond
	lastLook  = time.Second
)

// until waits until the rows are as wanted.
func (r *receiver) until(ctx context.Context, asWanted func(context.Context) (bool, error)) error {
	for pause := firstLook; ; pause = min(pause*5/4, lastLook) {
		is, err := asWanted(ctx)
		if err != nil || is {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		case <-r.draining:
			return context.Canceled
		}
	}
}
