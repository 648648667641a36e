package main

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"lineup.dev/lineup/pkg/lineup"
	"lineup.dev/lineup/pkg/telemetry"
)

var (
	finished   = telemetry.NewCounter("lineup.images", "{image}", "pictures that got a final status")
	claimsLost = telemetry.NewCounter("lineup.claims.lost", "{claim}", "results that were not written, because the lease had run out and another had the row")
	submitted  = telemetry.NewHistogram("lineup.image.duration", "s", "time from a picture's submission to its first result",
		0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400)
)

// noteFinished measures a result. How long it took is asked of the database, whose times
// they are, and only while somebody wants to know.
func (p *picture) noteFinished(ctx context.Context, status lineup.Status) {
	if !telemetry.On() {
		return
	}
	of := attribute.String("lineup.status", string(status))
	telemetry.Note(ctx, of, attribute.Int64("lineup.image", p.id))
	finished.Add(ctx, 1, of)
	if p.won.Round != 1 { // it is as old as the picture, not as the round
		return
	}
	if age, err := p.store.ImageAge(ctx, p.id); err == nil {
		submitted.Record(ctx, age.Seconds(), of)
	}
}

// observe measures the pipeline as it is whenever metrics are exported.
func (p *pipeline) observe() {
	telemetry.Gauge("lineup.breaker.open", "", "1 while this instance's circuit to the face server is open, else 0", func(context.Context) (float64, bool) {
		if until := p.breaker.Until(); !until.IsZero() && until.After(time.Now()) {
			return 1, true
		}
		return 0, true
	})
}
