package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// statsBytes is how much of nsqd's answer about one topic is read.
const statsBytes = 1 << 20

// Backlog is how many messages nsqd holds for channel: those that wait, in it or in
// the topic, and those in flight or deferred, which will come again unless they are
// finished. A topic that does not exist yet has none. It needs Settings.HTTPAddress and
// takes at most Settings.Timeout.
func (q *Queue) Backlog(ctx context.Context, topic, channel string) (int, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, q.settings.Timeout, errTimeout)
	defer cancel()
	backlog, err := q.backlog(ctx, topic, channel)
	if err != nil {
		return 0, fmt.Errorf("ask nsqd %s for the backlog of %s/%s: %w", q.settings.HTTPAddress, topic, channel, err)
	}
	return backlog, nil
}

func (q *Queue) backlog(ctx context.Context, topic, channel string) (int, error) {
	// The channel is picked out here: asked for a channel that does not exist, nsqd
	// does not tell the topic's depth either.
	query := url.Values{"format": {"json"}, "topic": {topic}, "include_clients": {"false"}, "include_mem": {"false"}}
	u := url.URL{Scheme: "http", Host: q.settings.HTTPAddress, Path: "/stats", RawQuery: query.Encode()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return 0, err
	}
	response, err := q.http.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
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
