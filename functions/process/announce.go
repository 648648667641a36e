package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/store"
)

// announcer sends result events to the sink, if there is one. That it fails delays
// the event, never the picture: the row stays unannounced, and receive gives hints
// for such rows.
type announcer struct {
	sink      *event.Sink // nil: nobody waits for results
	overrides event.Overrides
	timeout   time.Duration
}

// result sends the event of the picture's result and notes that it was accepted.
func (a announcer) result(ctx context.Context, images *store.Store, log *slog.Logger, id, round int64, trace event.Trace) {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	if err := a.send(ctx, images, id, round, trace); err != nil {
		log.Warn("the result is not announced yet", "error", err)
		return
	}
	if err := images.MarkAnnounced(ctx, id, round); err != nil {
		log.Warn("the result is announced, and will be once more", "error", err)
	}
}

func (a announcer) send(ctx context.Context, images *store.Store, id, round int64, trace event.Trace) error {
	if a.sink == nil {
		return nil
	}
	image, err := images.Image(ctx, id)
	if err != nil {
		return err
	}
	if !image.Status.Final() {
		return errors.New("it was submitted again meanwhile")
	}
	e, err := event.Result(image, round, trace)
	if err != nil {
		return err
	}
	a.overrides.Set(&e)
	if said := a.sink.Send(ctx, e); !said.Accepted() {
		return fmt.Errorf("K_SINK did not accept it: %s", said)
	}
	return nil
}
