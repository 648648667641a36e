package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"lineup.dev/lineup/pkg/event"
	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/store"
)

// announcer sends result events to the sink, if there is one. A failure delays the
// event, never the picture: the row stays unannounced, and receive gives hints for
// such rows.
type announcer struct {
	store     *store.Store
	sink      *event.Sink // nil: nobody waits for results
	overrides event.Overrides
	schemas   event.Schemas
	timeout   time.Duration
	pause     sinkPause
}

func newAnnouncer(s settings, db *store.Store) (*announcer, error) {
	a := &announcer{store: db, overrides: s.Overrides, schemas: s.Schemas, timeout: s.AnnounceTimeout}
	if s.Sink == "" {
		return a, nil
	}
	var err error
	a.sink, err = event.NewSink(s.SinkSettings, s.Connections)
	return a, err
}

func (a *announcer) close() {
	if a.enabled() {
		a.sink.Close()
	}
}

func (a *announcer) enabled() bool { return a.sink != nil }

// announce sends the event of the picture's result, if somebody waits for it, and
// notes that nobody does any more.
func (a *announcer) announce(ctx context.Context, p *picture, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	err := a.pause.check()
	var image lineup.Image
	if err == nil {
		image, err = a.store.Image(ctx, p.id)
	}
	if err == nil {
		err = a.tell(ctx, image, p.won.Round, p.trace)
	}
	if err != nil {
		report(ctx, log, err, "the result is not announced yet, or will be once more")
	}
}

// announceChanged is announce for answers that were changed, all within the time of one.
// After a failure the others are left to the next ping too.
func (a *announcer) announceChanged(ctx context.Context, changed []store.Answer, trace event.Trace, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	for i, answer := range changed {
		image, err := a.store.Image(ctx, answer.ID)
		switch {
		case errors.Is(err, store.ErrNotFound):
			continue
		case err == nil && image.Revision != answer.Revision: // whoever changed it again announces that
			continue
		case err == nil:
			err = a.tell(ctx, image, answer.Round, trace)
		}
		if err != nil {
			report(ctx, log, err, "changed answers are not announced yet, or will be once more", "left", len(changed)-i)
			return
		}
	}
}

// report says why something is not announced. During a pause that is no news: that the sink
// failed was said when it did.
func report(ctx context.Context, log *slog.Logger, err error, what string, more ...any) {
	level := slog.LevelWarn
	if errors.Is(err, errSinkPause) {
		level = slog.LevelInfo
	}
	log.Log(ctx, level, what, append(more, "error", err)...)
}

// tell sends the event of the picture's answer in that round, and marks it as announced.
func (a *announcer) tell(ctx context.Context, image lineup.Image, round int64, trace event.Trace) error {
	if a.enabled() {
		if err := a.send(ctx, image, round, trace); err != nil {
			return err
		}
	}
	return a.store.MarkAnnounced(ctx, image.ID, round, image.Revision)
}

func (a *announcer) send(ctx context.Context, image lineup.Image, round int64, trace event.Trace) error {
	e, err := event.Result(image, round, trace) // it has none when it was submitted again meanwhile
	if err != nil {
		return err
	}
	return a.sendEvent(ctx, e)
}

func (a *announcer) sendEvent(ctx context.Context, e cloudevents.Event) error {
	a.schemas.Set(&e)
	a.overrides.Set(&e)
	sending, err := a.pause.begin()
	if err != nil {
		return err
	}
	answer := a.sink.Send(ctx, e)
	a.pause.end(sending, answer)
	switch {
	case answer.Untrusted:
		return fmt.Errorf("K_SINK's certificate is not trusted: %s; next: put its CA into K_CA_CERTS or a file in SINK_TRUST_BUNDLES, or correct the host", answer)
	case !answer.Accepted():
		return fmt.Errorf("K_SINK did not accept it: %s", answer)
	}
	return nil
}
