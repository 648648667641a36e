package system

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"lineup.dev/lineup/pkg/event"
)

// ping sends receive the event on which it gives lost hints again, at once and then every so often, as a PingSource does
// on Knative.
func (s *System) ping(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		attempt, cancel := context.WithTimeout(ctx, 10*time.Second)
		err := s.send(attempt, "/", http.NoBody,
			"Ce-Specversion", "1.0", "Ce-Type", event.TypePing, "Ce-Source", "/lineup/local", "Ce-Id", rand.Text())
		cancel()
		if err != nil && ctx.Err() == nil {
			s.say("the ping did not reach receive, the next one may: %v", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
