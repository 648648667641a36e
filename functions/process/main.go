// Command process is the function that asks who is in a picture: on the event that
// a picture was submitted it claims the picture's row, asks the face server behind a
// circuit breaker, writes the result and announces it.
package main

import (
	"context"
	"log/slog"

	"lineup.dev/lineup/pkg/breaker"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
	"lineup.dev/lineup/pkg/telemetry"
)

func main() {
	s := defaults
	serve.Settings("process", "asks the face server who is in a submitted picture and writes the answer", &s)
	serve.Main("process", s.LogLevel, serve.Observed("process", s.Telemetry, func(ctx context.Context, log *slog.Logger) error { return run(ctx, s, log) }))
}

func run(ctx context.Context, s settings, log *slog.Logger) error {
	db, err := store.Open(s.Database)
	if err != nil {
		return err
	}
	defer db.Close()
	credentials, err := s.TLS.Client(log)
	if err != nil {
		return err
	}
	faces, err := dialFaceServer(s.FaceAddress, credentials, s.HealthTimeout)
	if err != nil {
		return err
	}
	defer faces.close()
	next, err := newNextModel(s, credentials, db, log)
	if err != nil {
		return err
	}
	defer next.close()
	derived, err := newDerivedFiles(s.DerivedSettings, log)
	if err != nil {
		return err
	}
	defer derived.close()
	results, err := newAnnouncer(s, db)
	if err != nil {
		return err
	}
	defer results.close()
	s.WarnOfPlainToken(log)
	ending, stop := serve.Overdue(ctx, s.Grace)
	defer stop()
	shared := newTogether(s.GroupSettings, db)
	defer shared.wait()
	counting := newCounting(ctx, db, s.WriteTimeout, log)
	defer counting.wait()
	h := &handler{
		submitted: submittedReader{limit: s.MaxEvent, originalIDs: s.OriginalIDs == "on"},
		log:       log,
		pipeline: &pipeline{
			Timeouts:         s.Timeouts,
			Retry:            s.Retry,
			StrangerSettings: s.StrangerSettings,
			store:            db,
			together:         shared,
			counting:         counting,
			faces:            faces,
			next:             next,
			breaker:          breaker.New(s.Circuit, faces.healthy, log),
			parts:            &partTeller{rows: db, timeout: s.WriteTimeout, log: log},
			announcer:        results,
			derived:          derived,
			quarantine:       make(chan struct{}, 1),
			ending:           ending,
		},
	}
	h.pipeline.observe()
	return serve.HTTP(ctx, s.Web, log, telemetry.WithMetrics(serve.Decoded(h, refuse)), db.Ready)
}
