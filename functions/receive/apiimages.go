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
	path, err := r.store.DeleteImage(ctx, id, auth.CallerName(ctx), func(ctx context.Context, path string) error {
		return removeUpload(ctx, r.roots, path)
	})
	if err != nil {
		return changeProblem("picture", err)
	}
	if err := r.leftovers.remove(ctx); err != nil {
		r.log.Warn("the thumbnail of a deleted picture is removed at the next ping", "image", id, "error", err)
	}
	r.log.Info("picture deleted", "image", id, "path", path, auth.Caller(ctx))
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
	Person int64         `json:"person"`
	Path   string        `json:"path"`
	Query  string        `json:"q"`
	Since  time.Time     `json:"since"`
	Until  time.Time     `json:"until"`
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
	f := posted.imageFilter
	if posted.Filter != nil {
		if f != (imageFilter{}) {
			return malformed("it has a filter and fields beside it: send one of the two")
		}
		f = *posted.Filter
	}
	if f.Status != "" && !slices.Contains(lineup.Statuses, f.Status) {
		return malformed("status: %q is none of %v", f.Status, lineup.Statuses)
	}
	ctx, cancel := r.limits.afterBody(request)
	defer cancel()
	count, err := r.store.LookAll(ctx, store.Filter{Status: f.Status, Person: f.Person, Path: f.Path, FileName: f.Query, Since: f.Since, Until: f.Until})
	if err != nil {
		return err
	}
	r.log.Info("pictures are looked at again", "images", count, auth.Caller(ctx))
	serve.JSON(w, http.StatusAccepted, map[string]int64{"count": count})
	return nil
}
