package main

import (
	"context"
	"log/slog"
	"net/http"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/telemetry"
)

// handler takes submitted events.
type handler struct {
	pipeline  *pipeline
	submitted submittedReader
	log       *slog.Logger
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodOptions {
		event.Handshake(w, r)
		return
	}
	what, other := h.submitted.read(w, r)
	if other != nil {
		h.log.Warn("no event to work on", "status", other.status, "reason", other.reason)
		other.write(w)
		return
	}
	// Work goes on when whoever brought the event hangs up: half of it is done. It
	// ends all the same: every step has a time limit of its own.
	ctx := context.WithoutCancel(r.Context())
	what.trace = what.trace.In(ctx)
	log := telemetry.Log(ctx, h.log)
	if what.kind == event.TypeChangeSubmitted { // the face server has no part in it
		h.pipeline.announcer.announceChanges(ctx, what.id, what.trace, log).write(w)
		return
	}
	h.pipeline.run(ctx, h.job(what, log)).write(w)
}

// job is the work that was submitted.
func (h *handler) job(what submission, log *slog.Logger) *job {
	switch what.kind {
	case event.TypePhotoSubmitted:
		return &job{work: &photo{pipeline: h.pipeline, id: what.id, trace: what.trace}, log: log.With("photo", what.id)}
	case event.TypeRematchSubmitted:
		return &job{work: &rematch{pipeline: h.pipeline, firstImage: what.id, trace: what.trace, log: log}, log: log.With("first_image", what.id)}
	default: // event.TypeSubmitted
		return &job{work: &picture{pipeline: h.pipeline, id: what.id, path: what.path, trace: what.trace}, log: log.With("image", what.id)}
	}
}
