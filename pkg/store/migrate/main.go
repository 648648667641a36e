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
	DSN      string        `envconfig:"MYSQL_DSN" required:"true" secret:"true" desc:"database: user:password@tcp(host:3306)/name; the user may create tables"`
	CAFile   string        `envconfig:"MYSQL_CA_FILE" desc:"PEM file of the CAs that the database's certificate must come from; not set: those that the system trusts"`
	Timeout  time.Duration `envconfig:"TIMEOUT" default:"10m" desc:"how long it may take"`
	LogLevel slog.Level    `envconfig:"LOG_LEVEL" default:"info" desc:"debug, info, warn or error"`
}

func main() {
	var s settings
	serve.Settings("migrate", "brings the database's schema to this version", &s)
	serve.Main("migrate", s.LogLevel, func(ctx context.Context, log *slog.Logger) error {
		ctx, cancel := context.WithTimeout(ctx, s.Timeout)
		defer cancel()
		if err := (store.Settings{DSN: s.DSN, CAFile: s.CAFile}).Migrate(ctx); err != nil {
			return err
		}
		log.Info("the schema is current")
		return nil
	})
}
