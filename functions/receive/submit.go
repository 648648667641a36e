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

// posted is one picture of a request: where it lies, or why it is refused.
type posted struct {
	path  string // as the client spelled it
	trace event.Trace
	err   error
}

// accepted is one picture of the answer. One that was refused has an error and no id.
type accepted struct {
	ID     int64         `json:"id,omitempty"`
	Path   string        `json:"path"`
	Status lineup.Status `json:"status,omitempty"`
	Sent   *bool         `json:"sent,omitempty"` // whether a hint is on the queue
	Error  string        `json:"error,omitempty"`

	known bool // the path was posted before
}

// accept gives every picture its row and puts a hint on the queue for those that
// wait to be looked at. It answers in the order of the pictures; an error means
// that no row was written.
func (r *receiver) accept(ctx context.Context, pictures []posted) ([]accepted, error) {
	answers := make([]accepted, len(pictures))
	var paths []string
	var rows []int // paths[i] is the path of pictures[rows[i]]
	for i, picture := range pictures {
		clean, err := picture.path, picture.err
		if err == nil {
			clean, err = r.roots.Clean(picture.path)
		}
		if err != nil {
			answers[i] = accepted{Path: picture.path, Error: err.Error()}
			continue
		}
		paths, rows = append(paths, clean), append(rows, i)
	}
	if len(paths) == 0 {
		return answers, nil
	}
	submissions, err := r.store.Submit(ctx, paths)
	if err != nil {
		return nil, err
	}
	var waiting []hint
	for i, s := range submissions {
		if !s.Status.Final() && !s.Queued {
			waiting = append(waiting, hint{store.DueImage{ID: s.ID, Round: s.Round, Path: s.Path}, pictures[rows[i]].trace})
		}
	}
	queued := r.hint(ctx, waiting)
	for i, s := range submissions {
		sent := s.Queued || s.Status.Final() || queued
		answers[rows[i]] = accepted{ID: s.ID, Path: s.Path, Status: s.Status, Sent: &sent, known: s.Known}
		r.log.Info("accepted", "image", s.ID, "path", s.Path, "known", s.Known, "sent", sent, auth.Caller(ctx))
	}
	return answers, nil
}

// hint puts the hints on the queue and tells whether they all are there. Whatever
// goes wrong stands in the rows, and a sweep makes it good.
func (r *receiver) hint(ctx context.Context, hints []hint) bool {
	if len(hints) == 0 {
		return true
	}
	if err := r.hints.publish(ctx, hints); err != nil {
		r.log.Warn("not sent to nsq yet", "hints", len(hints), "error", err)
		return false
	}
	if err := r.hints.stamp(ctx, hints); err != nil {
		r.log.Warn("hints will be given twice", "hints", len(hints), "error", err)
	}
	return true
}

// answer tells the client what became of its pictures.
func answer(w http.ResponseWriter, r *http.Request, pictures []posted, answers []accepted) error {
	status := http.StatusUnprocessableEntity
	for _, a := range answers {
		if a.ID != 0 {
			status = http.StatusAccepted
		}
	}
	switch {
	case textWanted(r):
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		for i, a := range answers {
			a.writeText(w, pictures[i].path)
		}
	case status == http.StatusAccepted:
		serve.JSON(w, status, map[string]any{"images": answers})
	default:
		writeRefusal(w, answers)
	}
	return nil
}

// writeText is the seed's answer, line for line.
func (a accepted) writeText(w http.ResponseWriter, path string) {
	fmt.Fprintf(w, "got path: {Path:%s}\n", strings.NewReplacer("\n", " ", "\r", " ").Replace(path))
	switch {
	case a.Error != "":
		fmt.Fprintf(w, "image not saved: %s\n", a.Error)
		return
	case a.known:
		fmt.Fprintf(w, "image already saved with id: %d\n", a.ID)
	default:
		fmt.Fprintf(w, "image saved with id: %d\n", a.ID)
	}
	if *a.Sent {
		fmt.Fprintln(w, "image sent to nsq")
	} else {
		fmt.Fprintln(w, "image not sent to nsq yet, it will be")
	}
}

// writeRefusal answers when no picture was accepted: a problem (RFC 9457) that
// carries the pictures as an extension member, so that it has the shape of the
// other answers as well.
func writeRefusal(w http.ResponseWriter, answers []accepted) {
	detail := "none of the pictures can be accepted; each says why"
	if len(answers) == 1 {
		detail = answers[0].Error
	}
	w.Header().Set("Content-Type", "application/problem+json")
	serve.JSON(w, http.StatusUnprocessableEntity, struct {
		serve.Problem
		Images []accepted `json:"images"`
	}{
		serve.Problem{Status: http.StatusUnprocessableEntity, Title: http.StatusText(http.StatusUnprocessableEntity), Detail: detail},
		answers,
	})
}
