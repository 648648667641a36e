package main

import (
	"context"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// postImages takes paths, folders or uploads, whatever the body is.
func (r *receiver) postImages(w http.ResponseWriter, request *http.Request) error {
	mediaType, _, _ := mime.ParseMediaType(request.Header.Get("Content-Type"))
	if mediaType == "multipart/form-data" || strings.HasPrefix(mediaType, "image/") {
		return r.postPictures(w, request)
	}
	return r.postPaths(w, request)
}

// deleteImage forgets a picture, and removes what was made of it. Its file goes only if it
// was uploaded.
func (r *receiver) deleteImage(w http.ResponseWriter, request *http.Request) error {
	id, err := pathID(request, "id")
	if err != nil {
		return err
	}
	if err := r.readNothing(w, request); err != nil {
		return err
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	var deleted string
	change, err := r.store.DeleteImage(ctx, id, auth.CallerName(ctx), func(ctx context.Context, path string) error {
		deleted = path
		return removeUpload(ctx, r.roots, path)
	})
	if err != nil {
		return changeProblem("picture", err)
	}
	if err := r.leftovers.remove(ctx); err != nil {
		r.log.Warn("the thumbnail of a deleted picture is removed at the next ping", "image", id, "error", err)
	}
	r.log.Info("picture deleted", "image", id, "path", deleted, auth.Caller(ctx))
	tellChanges(w, change)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// lookAtOne has a picture looked at again.
func (r *receiver) lookAtOne(w http.ResponseWriter, request *http.Request) error {
	id, err := pathID(request, "id")
	if err != nil {
		return err
	}
	if err := r.readNothing(w, request); err != nil {
		return err
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	refs, err := r.store.Look(ctx, []int64{id})
	if err == nil && len(refs) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return changeProblem("picture", err)
	}
	publishNew(ctx, r.publisher, refs, nil, r.log)
	image, err := r.store.Image(ctx, id)
	if err != nil {
		return changeProblem("picture", err)
	}
	w.Header().Set("Location", imageURL(id))
	serve.JSON(w, http.StatusAccepted, image)
	return nil
}

// imageFilter is which pictures are meant, by the names of GET images.
type imageFilter struct {
	Status lineup.Status `json:"status"`
	Person *int64        `json:"person"`
	Path   string        `json:"path"`
	Query  string        `json:"q"`
	Since  string        `json:"since"`
	Until  string        `json:"until"`
}

// filter is it for the store, or the problem with it.
func (i imageFilter) filter() (f store.Filter, err error) {
	f = store.Filter{Status: i.Status, Path: i.Path, FileName: i.Query}
	if i.Status != "" && !slices.Contains(lineup.Statuses, i.Status) {
		return f, malformed("status: %q is none of %v", i.Status, lineup.Statuses)
	}
	if i.Person != nil {
		if f.Person = *i.Person; f.Person < 1 {
			return f, malformed("person: %d is not an id; it is a whole number above 0", f.Person)
		}
	}
	for name, at := range map[string]struct {
		text string
		to   *time.Time
	}{"since": {i.Since, &f.Since}, "until": {i.Until, &f.Until}} {
		if at.text == "" {
			continue
		}
		if *at.to, err = lineup.ParseTime(at.text); err != nil {
			return f, malformed("%s: %q is not a time of the years 1000 to 9999; write it as 2026-11-27T15:04:05Z, or as a day, 2026-11-27", name, at.text)
		}
	}
	return f, nil
}

// lookAtMany has all pictures looked at again that a filter finds. Pings give their hints.
func (r *receiver) lookAtMany(w http.ResponseWriter, request *http.Request) error {
	var posted struct {
		imageFilter
		Filter *imageFilter `json:"filter"` // the same, named
	}
	if err := r.readJSON(w, request, &posted, `{"status": "unknown"}, with the names of GET images; {} is every picture`); err != nil {
		return err
	}
	which := posted.imageFilter
	if posted.Filter != nil {
		if which != (imageFilter{}) {
			return malformed("it has a filter and fields beside it: send one of the two")
		}
		which = *posted.Filter
	}
	f, err := which.filter()
	if err != nil {
		return err
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	count, err := r.store.LookAll(ctx, f)
	if err != nil {
		return err
	}
	r.log.Info("pictures are looked at again", "images", count, auth.Caller(ctx))
	serve.JSON(w, http.StatusAccepted, map[string]int64{"count": count})
	return nil
}
