package main

import (
	"context"
	"sync"
	"time"

	"lineup.dev/lineup/pkg/store"
	"lineup.dev/lineup/pkg/telemetry"
)

var hints = telemetry.NewCounter("lineup.hints", "{message}", "hints that were published")

// backlogTime is how long the database may take to count what waits.
const backlogTime = 5 * time.Second

// observe tells how much waits whenever metrics are exported. Every instance tells the same.
func observe(db *store.Store) {
	var mu sync.Mutex
	var at time.Time
	var pictures, age float64
	var known bool
	read := func(ctx context.Context) {
		if time.Since(at) < time.Second { // for the other figure
			return
		}
		ctx, cancel := context.WithTimeout(ctx, backlogTime)
		defer cancel()
		n, since, err := db.Backlog(ctx)
		at, pictures, age, known = time.Now(), float64(n), since.Seconds(), err == nil
	}
	gauge := func(name, unit, description string, value *float64) {
		telemetry.Gauge(name, unit, description, func(ctx context.Context) (float64, bool) {
			mu.Lock()
			defer mu.Unlock()
			read(ctx)
			return *value, known
		})
	}
	gauge("lineup.images.pending", "{image}", "pictures without a result, as far as they are counted", &pictures)
	gauge("lineup.images.pending.age", "s", "time that the one of them that waits longest has its status", &age)
}
