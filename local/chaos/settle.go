package chaos

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// settle waits until everything is compared with the gallery as it is, has all pictures
// of the people looked at again, and reads what is told of them then.
func (s *harness) settle(ctx context.Context, r *Report) (err error) {
	c, t := s.crew, &r.facts.told
	if len(c.wrong) > 0 {
		return nil // what must be is not known
	}
	if err := s.awaitCompared(ctx); err != nil {
		return err
	}
	t.before = c.see(ctx)
	filter := map[string]map[string]string{"filter": {"path": "people/"}}
	c.ask(ctx, http.MethodPost, "/images/look", filter, nil, http.StatusAccepted)
	if err := s.awaitIdle(ctx); err != nil {
		return err
	}
	if err := s.awaitCompared(ctx); err != nil {
		return err
	}
	t.after = c.see(ctx)
	t.people = make(map[int64]profile)
	for id := range c.now.names {
		var p profile
		c.ask(ctx, http.MethodGet, fmt.Sprintf("/people/%d", id), nil, &p, http.StatusOK)
		t.people[id] = p
	}
	for id := range c.erased {
		c.ask(ctx, http.MethodGet, fmt.Sprintf("/people/%d", id), nil, nil, http.StatusGone)
	}
	t.changes = byCrew(c.list(ctx))
	_, ping, _ := s.settings.times()
	wait(ctx, 3*ping) // what was erased or put into the gallery is so after pings
	if t.traces, err = s.audit.traces(ctx, c.erasedNames()); err != nil {
		return err
	}
	if t.placed, err = s.audit.placed(ctx); err != nil {
		return err
	}
	if t.strangers, err = s.audit.strangers(ctx); err != nil {
		return err
	}
	var stats struct{ Rematches struct{ Ranges int } }
	c.ask(ctx, http.MethodGet, "/stats", nil, &stats, http.StatusOK)
	t.behind, err = s.audit.behind(ctx)
	t.behind += stats.Rematches.Ranges
	return err
}

// awaitCompared waits until every face is compared with the gallery as it is. When that
// does not come to pass the facts will say so.
func (s *harness) awaitCompared(ctx context.Context) error {
	deadline := time.Now().Add(s.settings.Quiet)
	for ctx.Err() == nil && time.Now().Before(deadline) {
		if behind, err := s.audit.behind(ctx); err == nil && behind == 0 {
			break
		}
		wait(ctx, time.Second)
	}
	return s.awaitIdle(ctx) // what it changed is to be told
}

// times are what the programs are told, how often receive is pinged, and the lease.
func (s *Settings) times() (environment []string, ping, lease time.Duration) {
	environment = []string{fmt.Sprintf("MAX_ATTEMPTS=%d", attempts), fmt.Sprintf("MAX_IN_FLIGHT=%d", inFlight)}
	if s.Times == "real" {
		return environment, realPing, realLease
	}
	return append(environment, "HINT_AGE=15s", "SWEEP_INTERVAL=2s", "LEASE=12s", "FACE_TIMEOUT=6s", "READ_TIMEOUT=3s", "HEALTH_TIMEOUT=3s", "WRITE_TIMEOUT=1s", "RETRY_MOST=8s", "BREAKER_OPEN=3s", "RETRY_MAX=8s", "SINK_TIMEOUT=15s"), 3 * time.Second, 12 * time.Second
}
