// Command view shows the pictures and the people in them: to a browser as pages,
// to a program as JSON under the same URLs.
package main

import (
	"context"
	"log/slog"

	"lineup.dev/lineup/pkg/auth"
	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

func main() {
	s := defaults()
	serve.Settings("view", "shows the pictures and the people in them", &s)
	serve.Main("view", s.LogLevel, serve.Observed("view", s.Telemetry, func(ctx context.Context, log *slog.Logger) error {
		authenticator, err := auth.New(s.Auth, log)
		if err != nil {
			return err
		}
		db, err := store.Open(s.Database)
		if err != nil {
			return err
		}
		defer db.Close()
		pictures, err := s.Patience.Open(s.ImagesURL)
		if err != nil {
			return err
		}
		defer pictures.Close()
		v, err := newView(s.Options, authenticator, db, pictures, log)
		if err != nil {
			return err
		}
		return serve.HTTP(ctx, s.Web, log, v.handler(), db.Ready)
	}))
}
