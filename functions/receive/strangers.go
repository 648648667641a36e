package main

import (
	"context"
	"log/slog"

	"lineup.dev/lineup/pkg/store"
)

// strangerKeeper forgets strangers at pings.
type strangerKeeper struct {
	StrangerSettings
	rows interface {
		TidyStrangers(ctx context.Context, l store.StrangerLimits) (forgotten int, err error)
	}
	log *slog.Logger
}

func (k *strangerKeeper) tidy(ctx context.Context) error {
	limits := store.StrangerLimits{Most: k.MaxStrangers, Age: k.StrangerAge}
	if k.Strangers != "on" {
		limits.Most = 0
	}
	forgotten, err := k.rows.TidyStrangers(ctx, limits)
	if forgotten > 0 {
		k.log.Info("strangers forgotten", "people", forgotten)
	}
	return err
}
