// Command receive is the function that takes pictures: their paths as JSON or
// CloudEvents, or the pictures themselves; and photos of people to be known. It
// writes a row, puts a hint on the queue, and answers. On a ping it gives hints
// again for what should long have been looked at.
package main

import (
	"context"
	"log/slog"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/photo"
	"lineup.dev/lineup/pkg/queue"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

// Three packages call it Settings.
type (
	Auth     = auth.Settings
	Database = store.Settings
	NSQ      = queue.Settings
)

type settings struct {
	serve.Web
	Auth
	Database
	NSQ
	Limits
	SweepSettings

	Topic       string `envconfig:"TOPIC" default:"images" desc:"NSQ topic for hints"`
	ImagesURL   string `envconfig:"IMAGES_URL" required:"true" desc:"picture roots, folders or bucket URLs, separated by commas; uploads go to the first"`
	KnownPeople string `envconfig:"KNOWN_PEOPLE" required:"true" desc:"the gallery, a folder or a bucket URL: photos of known people"`
}

func main() {
	s := settings{Web: serve.Web{Listen: serve.Listen{Port: 8000}}}
	serve.Settings("receive", "takes pictures to be looked at, and photos of people to be known", &s)
	serve.Main("receive", s.LogLevel, func(ctx context.Context, log *slog.Logger) error {
		entry, err := auth.New(s.Auth, log)
		if err != nil {
			return err
		}
		pictures, err := store.Open(s.Database)
		if err != nil {
			return err
		}
		defer pictures.Close()
		hints, err := queue.New(s.NSQ)
		if err != nil {
			return err
		}
		defer hints.Close()
		roots, err := photo.Open(s.ImagesURL)
		if err != nil {
			return err
		}
		defer roots.Close()
		gallery, err := photo.Open(s.KnownPeople)
		if err != nil {
			return err
		}
		defer gallery.Close()

		r := &receiver{
			Limits:  s.Limits,
			door:    entry,
			store:   pictures,
			hints:   hinter{queue: hints, topic: s.Topic, store: pictures, log: log},
			roots:   roots,
			gallery: gallery,
			log:     log,
		}
		r.sweeper = &sweeper{SweepSettings: s.SweepSettings, hints: r.hints}
		return serve.HTTP(ctx, s.Web, log, r.routes(), pictures.Ready)
	})
}
