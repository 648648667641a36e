// Command migrate brings the database's schema to the version of this source
// tree. It may run at any time, also several times at once.
package main

import (
	"context"
	"log/slog"
	"time"

	"lineup.dev/lineup/pkg/serve"
	"lineup.dev/lineup/pkg/store"
)

type settings struct {
	store.Database
	serve.Log
	Timeout time.Duration `envconfig:"TIMEOUT" default:"10m" min:"1s" max:"24h" desc:"how long it may take"`
}

func main() {
	var s settings
	serve.Settings("migrate", "brings the database's schema to this version; its user may create tables", &s)
	serve.Main("migrate", s.LogLevel, func(ctx context.Context, log *slog.Logger) error {
		ctx, cancel := context.WithTimeout(ctx, s.Timeout)
		defer cancel()
		if err := s.Database.Migrate(ctx); err != nil {
			return err
		}
		log.Info("the schema is current")
		return nil
	})
}
