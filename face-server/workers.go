package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"lineup.dev/lineup/face-server/face"
	"lineup.dev/lineup/face-server/gallery"
	"lineup.dev/lineup/face-server/picture"
)

// workers process pictures, a fixed number of them at a time.
type workers struct {
	free   chan *face.Recogniser
	urgent chan *face.Recogniser // straight to who may not wait behind others
	limits picture.Limits
	rest   *time.Timer // runs since the last picture
	log    *slog.Logger
}

// restAfter is how long no picture was looked at when the memory of the last ones goes
// back to the system, for which Go and the C library would take minutes or for ever.
const restAfter = time.Second

func newWorkers(models *face.Models, count int, limits picture.Limits, log *slog.Logger) (*workers, error) {
	w := &workers{free: make(chan *face.Recogniser, count), urgent: make(chan *face.Recogniser), limits: limits, log: log}
	w.rest = time.AfterFunc(restAfter, w.tidy)
	for range count {
		r, err := models.NewRecogniser()
		if err != nil {
			w.close()
			return nil, fmt.Errorf("take memory for a worker: %w", err)
		}
		w.free <- r
	}
	return w, nil
}

// tidy does so when no worker is at work: the next picture's end would do it again.
func (w *workers) tidy() {
	if len(w.free) == cap(w.free) {
		picture.Tidy()
	}
}

// close frees the workers' memory. None may be at work.
func (w *workers) close() {
	w.rest.Stop()
	for len(w.free) > 0 {
		(<-w.free).Close()
	}
}

// recognise finds and describes the faces in a picture, and tells how wide it is. The
// error is one of package picture's, ctx's, or the models'.
func (w *workers) recognise(ctx context.Context, body []byte) (found []face.Face, width int, err error) {
	err = w.process(ctx, nil, body, func(r *face.Recogniser, p *picture.Picture) error {
		width = p.Width
		found, err = facesOf(ctx, r, p)
		return err
	})
	return found, width, err
}

// extract is recognise, and measures how well each face can be seen.
func (w *workers) extract(ctx context.Context, body []byte) (faces []gallery.Face, warning string, err error) {
	return w.measure(ctx, nil, body, nil)
}

// measure is extract, also by a worker of urgent. It makes derived pictures, too, unless
// that is nil.
func (w *workers) measure(ctx context.Context, urgent <-chan *face.Recogniser, body []byte, made *derived) (faces []gallery.Face, warning string, err error) {
	err = w.process(ctx, urgent, body, func(r *face.Recogniser, p *picture.Picture) error {
		warning = p.Warning
		found, err := facesOf(ctx, r, p)
		for _, f := range found {
			faces = append(faces, gallery.Face{Face: f, Quality: gallery.Measure(p.Rotated(f.Turns), f.Box.Rotated(f.Turns))})
		}
		if err != nil || made == nil {
			return err
		}
		return made.make(p, body, faces)
	})
	return faces, warning, err
}

func facesOf(ctx context.Context, r *face.Recogniser, p *picture.Picture) (found []face.Face, err error) {
	ctx, end := inferenceTime.Time(ctx, "find and describe faces")
	defer func() { end(err) }()
	return r.Faces(ctx, p)
}

// process waits for a free worker, also for those of urgent, and lets it decode a picture
// and do something with it.
func (w *workers) process(ctx context.Context, urgent <-chan *face.Recogniser, body []byte, do func(*face.Recogniser, *picture.Picture) error) error {
	r, err := w.take(ctx, urgent)
	if err != nil {
		return err
	}
	defer w.release(r)
	_, end := decodeTime.Time(ctx, "decode")
	p, err := picture.Decode(ctx, body, w.limits)
	end(err)
	if panicked, ok := errors.AsType[*picture.Panic](err); ok {
		w.log.Error("a decoder panicked", "panic", fmt.Sprint(panicked.Value), "stack", string(panicked.Stack))
	}
	if err != nil {
		return err
	}
	return do(r, p)
}

// take waits for a worker.
func (w *workers) take(ctx context.Context, urgent <-chan *face.Recogniser) (r *face.Recogniser, err error) {
	_, end := waitTime.Time(ctx, "wait for a worker")
	defer func() { end(err) }()
	select {
	case r = <-w.free:
	case r = <-urgent:
	case <-ctx.Done():
		err = ctx.Err()
	}
	return r, err
}

func (w *workers) release(r *face.Recogniser) {
	select {
	case w.urgent <- r:
	default:
		w.free <- r
	}
	w.rest.Reset(restAfter)
}
