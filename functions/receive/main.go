// Command receive is the function that takes pictures: their paths as JSON or
// CloudEvents, or the pictures themselves; and photos of known people. It writes a
// row, publishes a hint to NSQ, and answers. On a ping it publishes again the hints
// of all pictures that are due.
package main

import (
	"context"
	"log/slog"
	"sync"

	"golang.org/x/sync/semaphore"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/prewarm"
	"lineup.dev/lineup/pkg/queue"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

func main() {
	s := defaults()
	serve.Settings("receive", "takes pictures to be recognised, and photos of known people", &s)
	serve.Main("receive", s.LogLevel, func(ctx context.Context, log *slog.Logger) error {
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
		roots.Reserve(gallery)

		comparer := newComparer(roots, db, log)
		publisher := publisher{queue: nsq, topic: s.Topic, store: db}
		photoHints := photoHints{queue: nsq, topic: s.Topics.Photos, store: db, log: log}
		walks := &walker{
			FolderSettings: s.FolderSettings,
			roots:          roots,
			rows:           db,
			comparer:       comparer,
			publisher:      publisher,
			queue:          nsq,
			subscription:   s.Subscription,
			fill:           s.Fill,
			log:            log,
		}
		sweeper := &sweeper{
			SweepSettings: s.SweepSettings, subscription: s.Subscription, queue: nsq, rows: db, publisher: publisher, comparer: comparer, folders: walks, counts: db, log: log,
			gallery: &adopter{AdoptSettings: s.AdoptSettings, gallery: gallery, rows: db, log: log},
		}
		rematches := newRematcher(nsq, s.Topics.Rematches, db, sweeper, log)
		sweeper.planner = rematches
		sweeper.others = map[string]dueHints{s.Topics.Photos: photoHints, s.Topics.Rematches: rematches}
		var planning sync.WaitGroup
		defer planning.Wait()
		planning.Go(func() { rematches.run(ctx) })
		r := &receiver{
			limits:     s.Limits,
			auth:       authenticator,
			store:      db,
			publisher:  publisher,
			photoHints: photoHints,
			rematches:  rematches,
			sweeper:    sweeper,
			walker:     walks,
			roots:      roots,
			comparer:   comparer,
			gallery:    gallery,
			uploads:    newUploadMemory(s.UploadMemory),
			prewarmer:  prewarm.New(s.Prewarming, log),
			waiters:    semaphore.NewWeighted(s.MaxWaiters),
			draining:   ctx.Done(),
			log:        log,
		}
		return serve.HTTP(ctx, s.Web, log, r.routes(), db.Ready)
	})
}
