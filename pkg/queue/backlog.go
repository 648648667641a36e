package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
)

// statsBytes is how much of nsqd's answer about one topic is read.
const statsBytes = 1 << 20

// Backlog is how many messages the nsqds hold for channel: those that wait, in it or in
// the topic, and those in flight or deferred, which will come again unless they are
// finished. A topic that does not exist yet has none. It asks all at
// Settings.HTTPAddresses at once, takes at most Settings.Timeout, and is of those that
// answered; when none did, the error says why of each.
func (q *Queue) Backlog(ctx context.Context, topic, channel string) (int, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, q.settings.Timeout, errTimeout)
	defer cancel()
	counts := make([]int, len(q.settings.HTTPAddresses))
	errs := make([]error, len(counts))
	var all sync.WaitGroup
	for i, address := range q.settings.HTTPAddresses {
		all.Go(func() {
			var err error
			if counts[i], err = q.backlog(ctx, address, topic, channel); err != nil {
				errs[i] = fmt.Errorf("ask nsqd %s for the backlog of %s/%s: %w", address, topic, channel, err)
			}
		})
	}
	all.Wait()
	backlog := 0
	for _, n := range counts {
		backlog += n
	}
	if slices.Contains(errs, nil) {
		return backlog, nil
	}
	return 0, errors.Join(errs...)
}

// backlog asks the nsqd at an HTTP address.
func (q *Queue) backlog(ctx context.Context, address, topic, channel string) (int, error) {
	// The channel is picked out here: asked for a channel that does not exist, nsqd
	// does not tell the topic's depth either.
	query := url.Values{"format": {"json"}, "topic": {topic}, "include_clients": {"false"}, "include_mem": {"false"}}
	u := url.URL{Scheme: q.scheme, Host: address, Path: "/stats", RawQuery: query.Encode()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return 0, err
	}
	response, err := q.http.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusForbidden {
		return 0, errors.New("it answered 403 Forbidden: if it asks for TLS over HTTP too, set NSQD_TLS=on, and its -https-address in NSQD_HTTP_ADDRESS")
	}
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("it answered %s", response.Status)
	}
	var stats struct {
		Topics []struct {
			Name     string `json:"topic_name"`
			Depth    int    `json:"depth"`
			Channels []struct {
				Name     string `json:"channel_name"`
				Depth    int    `json:"depth"`
				InFlight int    `json:"in_flight_count"`
				Deferred int    `json:"deferred_count"`
			} `json:"channels"`
		} `json:"topics"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, statsBytes)).Decode(&stats); err != nil {
		return 0, fmt.Errorf("read its answer: %w", err)
	}
	backlog := 0
	for _, t := range stats.Topics {
		if t.Name != topic {
			continue
		}
		backlog += t.Depth
		for _, c := range t.Channels {
			if c.Name == channel {
				backlog += c.Depth + c.InFlight + c.Deferred
			}
		}
	}
	return backlog, nil
}
