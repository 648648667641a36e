package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
	"lineup.dev/lineup/pkg/telemetry"
)

// picture is one picture of a request, from the body to the answer. One that is
// refused has an error and no id.
type picture struct {
	ID       int64         `json:"id,omitempty"`
	Path     string        `json:"path"`                // the cleaned one, once it is accepted
	FileName string        `json:"file_name,omitempty"` // of an upload, as the client calls it
	Status   lineup.Status `json:"status,omitempty"`
	Sent     *bool         `json:"sent,omitempty"` // whether a hint is on the queue
	Error    string        `json:"error,omitempty"`
	*Result                // of one that the client waited for

	posted string // the path as the client spelled it
	trace  event.Trace
	body   []byte  // of the event of a batch that submitted it
	upload []byte  // the content of a file that was there already, until it is submitted
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

// isKept tells of an upload whose file was there already.
func (p *picture) isKept() bool { return p.upload != nil }

func refusedPicture(err error) picture { return picture{Error: err.Error()} }

// prewarm starts what is going to look at the request's pictures, while they get their
// rows and hints. The calls outlive the request, which may be answered sooner.
func (r *receiver) prewarm(request *http.Request) {
	r.prewarmer.OnWork(context.WithoutCancel(request.Context()), time.Now())
}

// submit gives every picture its row and publishes a hint for those that wait to be
// looked at, and begins to walk the folders. What became of each is noted in it; an error
// means that not everything was done: the same request again completes it, and does
// nothing twice.
func (r *receiver) submit(ctx context.Context, pictures []picture) error {
	if err := r.checkCount(len(pictures)); err != nil {
		return err
	}
	traced(ctx, pictures)
	until := time.Now().Add(r.walker.Time) // for folders, in all
	if err := r.saveFolders(ctx, pictures, until); err != nil {
		return err
	}
	if err := r.submitPictures(ctx, pictures); err != nil {
		return err
	}
	r.walkFolders(ctx, pictures, until)
	return nil
}

// traced gives each picture the request's span as its trace, unless it has another. Of many
// that the client has not put into a trace, each begins one of its own, with a link.
func traced(ctx context.Context, pictures []picture) {
	request := event.Trace{}.In(ctx)
	if request.Parent == "" {
		return
	}
	for i := range pictures {
		p := &pictures[i]
		if p.trace.SameTrace(request) || p.trace == (event.Trace{}) && len(pictures) == 1 {
			p.trace = request
		}
	}
}

func (r *receiver) submitPictures(ctx context.Context, pictures []picture) (err error) {
	ctx, end := telemetry.Span(ctx, "submit")
	defer func() { end(err) }()
	posted, accepted := r.cleanPaths(pictures)
	if len(posted) == 0 {
		return nil
	}
	submissions, tried, err := r.together.submit(ctx, posted, tracesOf(accepted), !slices.ContainsFunc(accepted, (*picture).isKept))
	if err != nil {
		return err
	}
	if err := r.keepFiles(ctx, submissions, accepted); err != nil {
		return err
	}
	if err := r.comparer.lookAgain(ctx, submissions); err != nil {
		return err
	}
	r.publish(ctx, submissions, accepted, tried)
	for i, s := range submissions {
		sent := !s.Status.Final() && s.Queued
		p := accepted[i]
		p.ID, p.Path, p.Status, p.Sent, p.known = s.ID, s.Path, s.Status, &sent, s.Known
		telemetry.Log(ctx, r.log).LogAttrs(ctx, slog.LevelInfo, "accepted", slog.Int64("image", s.ID), slog.String("path", s.Path), slog.Bool("known", s.Known), slog.Bool("sent", sent), auth.Caller(ctx))
	}
	return nil
}

// keepFiles saves uploads again whose files went after all: each was there because of a picture
// that somebody deleted then.
func (r *receiver) keepFiles(ctx context.Context, submissions []store.Submission, pictures []*picture) error {
	for i, s := range submissions {
		content := pictures[i].upload
		if pictures[i].upload = nil; content == nil || s.Known {
			continue
		}
		err := r.store.WhileThere(ctx, s.ID, func(ctx context.Context, path string) error {
			_, err := save(ctx, r.roots, path, content)
			return err
		})
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}

func (r *receiver) checkCount(pictures int) error {
	if pictures == 0 {
		return malformed(`the body names no picture; send {"path": "..."} or {"paths": [{"path": "..."}]}`)
	}
	if pictures > r.limits.MaxBatch {
		return &serve.Problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("%d pictures, %d are allowed in one request", pictures, r.limits.MaxBatch)}
	}
	return nil
}

// cleanPaths gives the pictures that are not refused, for the store and for the answer.
// Those whose path is refused get the error.
func (r *receiver) cleanPaths(pictures []picture) (posted []store.Posted, accepted []*picture) {
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
			r.log.Warn("picture refused", "path", p.posted, "error", err)
			continue
		}
		posted = append(posted, store.Posted{Path: clean, Other: r.roots.Spelled(clean), FileName: p.FileName})
		accepted = append(accepted, p)
	}
	return posted, accepted
}

// publish puts the hints of the pictures that wait on the queue, of new ones unless that was
// tried, and notes in the submissions which are there.
func (r *receiver) publish(ctx context.Context, submissions []store.Submission, pictures []*picture, tried bool) {
	var waiting []store.Ref
	traces := map[int64]event.Trace{}
	waits := func(s store.Submission) bool { return s.Unhinted() && (s.Known || !tried) }
	for i, s := range submissions {
		if waits(s) {
			waiting = append(waiting, s.Ref)
			traces[s.ID] = pictures[i].trace
		}
	}
	if len(waiting) == 0 || !publishNew(ctx, r.publisher, waiting, traces, r.log) {
		return
	}
	for i, s := range submissions {
		submissions[i].Queued = s.Queued || waits(s)
	}
}

func tracesOf(pictures []*picture) []event.Trace {
	traces := make([]event.Trace, len(pictures))
	for i, p := range pictures {
		traces[i] = p.trace
	}
	return traces
}
