// Command receive is the function that takes pictures: their paths as JSON or
// CloudEvents, or the pictures themselves; and photos of known people. It writes a
// row, publishes a hint to NSQ, and answers. On a ping it publishes again the hints
// of all pictures that are due.
package main

import (
	"context"
	"log/slog"
	"sync"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/queue"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

func main() {
	s := defaults()
	serve.Settings("receive", "takes pictures to be recognised, and photos of known people", &s)
	serve.Main("receive", s.LogLevel, serve.Observed("receive", s.Telemetry, func(ctx context.Context, log *slog.Logger) error {
		authenticator, err := auth.New(s.Auth, log)
		if err != nil {
			return err
		}
		db, err := store.Open(s.Database)
		if err != nil {
			return err
		}
		defer db.Close()
		nsq, err := queue.New(s.NSQ)
		if err != nil {
			return err
		}
		defer nsq.Close()
		roots, err := s.Patience.Open(s.ImagesURL)
		if err != nil {
			return err
		}
		defer roots.Close()
		gallery, err := s.Patience.Open(s.KnownPeople)
		if err != nil {
			return err
		}
		defer gallery.Close()
		r := newReceiver(s, opened{authenticator, db, nsq, roots, gallery}, ctx.Done(), log)
		defer r.comparer.wait()
		var following sync.WaitGroup
		defer following.Wait()
		defer r.together.wait()
		following.Go(func() { r.follower.run(ctx) })
		following.Go(func() { r.eraser.run(ctx) })
		observe(db)
		return serve.HTTP(ctx, s.Web, log, r.routes(), db.Ready)
	}))
}
