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

// announcer sends result events to the sink, if there is one. A failure delays the
// event, never the picture: the row stays unannounced, and receive gives hints for
// such rows.
type announcer struct {
	store     *store.Store
	sink      *event.Sink // nil: nobody waits for results
	overrides event.Overrides
	timeout   time.Duration
	pause     sinkPause
}

func newAnnouncer(s settings, db *store.Store) (*announcer, error) {
	a := &announcer{store: db, overrides: s.Overrides, timeout: s.AnnounceTimeout}
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
	revision, err := a.send(ctx, p)
	if errors.Is(err, errSinkPause) {
		log.Info("the result is not announced yet", "reason", err) // that the sink failed was said when it did
		return
	}
	if err != nil {
		log.Warn("the result is not announced yet", "error", err)
		return
	}
	if err := a.store.MarkAnnounced(ctx, p.id, p.won.Round, revision); err != nil {
		log.Warn("the result is announced, and will be once more", "error", err)
	}
}

// send tells which answer of the round it sent.
func (a *announcer) send(ctx context.Context, p *picture) (revision int64, err error) {
	if err := a.pause.check(); err != nil {
		return 0, err
	}
	image, err := a.store.Image(ctx, p.id)
	if err != nil || !a.enabled() {
		return image.Revision, err
	}
	e, err := event.Result(image, p.won.Round, p.trace) // it has none when it was submitted again meanwhile
	if err != nil {
		return 0, err
	}
	a.overrides.Set(&e)
	sending, err := a.pause.begin()
	if err != nil {
		return 0, err
	}
	answer := a.sink.Send(ctx, e)
	a.pause.end(sending, answer)
	switch {
	case answer.Untrusted:
		return 0, fmt.Errorf("K_SINK's certificate is not trusted: %s; next: put its CA into K_CA_CERTS or a file in SINK_TRUST_BUNDLES, or correct the host", answer)
	case !answer.Accepted():
		return 0, fmt.Errorf("K_SINK did not accept it: %s", answer)
	}
	return image.Revision, nil
}
