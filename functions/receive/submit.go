package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// picture is one picture of a request, from the body to the answer. One that is
// refused has an error and no id.
type picture struct {
	ID     int64         `json:"id,omitempty"`
	Path   string        `json:"path"` // the cleaned one, once it is accepted
	Status lineup.Status `json:"status,omitempty"`
	Sent   *bool         `json:"sent,omitempty"` // whether a hint is on the queue
	Error  string        `json:"error,omitempty"`

	posted string // the path as the client spelled it
	trace  event.Trace
	known  bool    // the path was posted before
	folder *folder // what was posted is one; nil when it is a picture
}

// newPicture is what was posted by its path: a folder when that ends in a slash.
func newPicture(path string, trace event.Trace) picture {
	p := picture{Path: path, posted: path, trace: trace}
	if strings.HasSuffix(path, "/") {
		p.folder = &folder{Path: path}
	}
	return p
}

func refusedPicture(err error) picture { return picture{Error: err.Error()} }

// traceOf is the trace context of a request.
func traceOf(r *http.Request) event.Trace {
	return event.NewTrace(r.Header.Get(event.ExtTraceParent), r.Header.Get(event.ExtTraceState))
}

// submit gives every picture its row and publishes a hint for those that wait to be
// looked at, and begins to walk the folders. What became of each is noted in it; an error
// means that no picture's row was written.
func (r *receiver) submit(ctx context.Context, pictures []picture) error {
	if err := r.checkCount(len(pictures)); err != nil {
		return err
	}
	if err := r.saveFolders(ctx, pictures); err != nil {
		return err
	}
	if err := r.submitPictures(ctx, pictures); err != nil {
		return err
	}
	r.walkFolders(ctx, pictures)
	return nil
}

func (r *receiver) submitPictures(ctx context.Context, pictures []picture) error {
	paths, accepted := r.cleanPaths(pictures)
	if len(paths) == 0 {
		return nil
	}
	submissions, err := r.store.Submit(ctx, paths)
	if err != nil {
		return err
	}
	sent := r.publish(ctx, submissions, accepted)
	for i, s := range submissions {
		sent := sent || s.Queued || s.Status.Final()
		p := accepted[i]
		p.ID, p.Path, p.Status, p.Sent, p.known = s.ID, s.Path, s.Status, &sent, s.Known
		r.log.Info("accepted", "image", s.ID, "path", s.Path, "known", s.Known, "sent", sent, auth.Caller(ctx))
	}
	return nil
}

func (r *receiver) checkCount(pictures int) error {
	if pictures == 0 {
		return malformed(`it names no picture; send {"path": "..."} or {"paths": [{"path": "..."}]}`)
	}
	if pictures > r.limits.MaxBatch {
		return &serve.Problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("%d pictures, %d are allowed in one request", pictures, r.limits.MaxBatch)}
	}
	return nil
}

// cleanPaths gives the paths of the pictures that are not refused, and these
// pictures. Those whose path is refused get the error.
func (r *receiver) cleanPaths(pictures []picture) (paths []string, accepted []*picture) {
	for i := range pictures {
		p := &pictures[i]
		if p.Error != "" || p.folder != nil {
			continue
		}
		clean, err := r.roots.Clean(p.posted)
		if err == nil {
			err = r.roots.CheckPlace(clean)
		}
		if err != nil {
			p.Error = err.Error()
			continue
		}
		paths, accepted = append(paths, clean), append(accepted, p)
	}
	return paths, accepted
}

// publish puts the hints of the pictures that wait on the queue and tells whether
// all are there. On a failure the rows stay due, and a sweep publishes them.
func (r *receiver) publish(ctx context.Context, submissions []store.Submission, pictures []*picture) bool {
	var waiting []store.DueImage
	traces := map[int64]event.Trace{}
	for i, s := range submissions {
		if !s.Status.Final() && !s.Queued {
			waiting = append(waiting, store.DueImage{ID: s.ID, Round: s.Round, Path: s.Path})
			traces[s.ID] = pictures[i].trace
		}
	}
	if len(waiting) == 0 {
		return true
	}
	if err := r.publisher.publish(ctx, waiting, traces); err != nil {
		r.log.Warn("hints not published, the next sweep will", "hints", len(waiting), "error", err)
		return false
	}
	if err := r.publisher.stamp(ctx, waiting); err != nil {
		r.log.Warn("hints published but not stamped, they will be published twice", "hints", len(waiting), "error", err)
	}
	return true
}
