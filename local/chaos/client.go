package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
	"time"

	"lineup.dev/lineup/pkg/lineup"
)

// client posts to receive, and keeps what receive accepted.
type client struct {
	receive string // URL
	http    *http.Client

	mu       sync.Mutex
	accepted map[int64]acceptance // by id
	ids      map[string]int64     // by path
	folders  map[int64]folder     // by id
	requests map[string]int       // accepted, by way
	late     int                  // overwritten paths that were looked at again only when posted at rest
	retries  int                  // requests sent again for want of an answer
	wrong    []string             // answers that receive must not give
}

// acceptance is an id that receive returned.
type acceptance struct {
	path    string // of the row, as receive answered
	picture *picture
}

// folder is one whose id receive returned.
type folder struct {
	path     string
	pictures []*picture // in it when it was posted last
}

// Waits of a client as patient as a user's should be.
const (
	answerTime = 15 * time.Second
	retryPause = 300 * time.Millisecond
)

func newClient(receive string) *client {
	return &client{
		receive: receive, http: &http.Client{Timeout: answerTime, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
		accepted: make(map[int64]acceptance), ids: make(map[string]int64), folders: make(map[int64]folder), requests: make(map[string]int),
	}
}

// post sends a request until it is answered: not by silence, and not by 503.
func (c *client) post(ctx context.Context, r request) {
	for range r.times {
		for ctx.Err() == nil && !c.try(ctx, r) {
			select {
			case <-ctx.Done():
			case <-time.After(retryPause):
			}
		}
	}
}

// try tells whether there was an answer.
func (c *client) try(ctx context.Context, r request) bool {
	status, body, err := c.send(ctx, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil || status == http.StatusServiceUnavailable:
		c.retries++
		return false
	case r.refused:
		if status != http.StatusUnprocessableEntity {
			c.wrong = append(c.wrong, fmt.Sprintf("%s answered by %d, not 422: %s", r.body, status, body))
		}
	case status != http.StatusAccepted:
		c.wrong = append(c.wrong, fmt.Sprintf("%s of %d pictures answered by %d, not 202: %s", r.way, len(r.pictures), status, body))
	default:
		c.record(r, body)
	}
	c.requests[r.way]++
	return true
}

func (c *client) send(ctx context.Context, r request) (status int, body []byte, err error) {
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, c.receive+r.path, bytes.NewReader(r.body))
	if err != nil {
		return 0, nil, err
	}
	post.Header.Set("Accept", "application/json")
	for i := 0; i < len(r.headers); i += 2 {
		post.Header.Set(r.headers[i], r.headers[i+1])
	}
	response, err := c.http.Do(post)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// record keeps the ids of an answer. Its caller has the lock.
func (c *client) record(r request, body []byte) {
	type item struct {
		ID     int64
		Path   string
		Status lineup.Status
	}
	var answer struct{ Images, Folders []item }
	if r.folder != "" {
		if err := json.Unmarshal(body, &answer); err != nil || len(answer.Folders) != 1 || answer.Folders[0].ID == 0 {
			c.wrong = append(c.wrong, fmt.Sprintf("folder %s answered by %s", r.folder, body))
			return
		}
		f := answer.Folders[0]
		c.folders[f.ID] = folder{f.Path, append(c.folders[f.ID].pictures, r.pictures...)}
		return
	}
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Images) != len(r.pictures) {
		c.wrong = append(c.wrong, fmt.Sprintf("%s of %d pictures answered by %s", r.way, len(r.pictures), body))
		return
	}
	for i, image := range answer.Images {
		before, again := c.ids[image.Path]
		if image.ID == 0 || again && before != image.ID {
			c.wrong = append(c.wrong, fmt.Sprintf("%s got id %d, and %d before", image.Path, image.ID, before))
			continue
		}
		if r.way == atRest && !image.Status.Final() && r.pictures[i].want != lineup.Failed { // what failed is always looked at again
			c.late++
		}
		c.ids[image.Path] = image.ID
		c.accepted[image.ID] = acceptance{image.Path, r.pictures[i]}
	}
}

// allAccepted gives the ids returned so far.
func (c *client) allAccepted() map[int64]acceptance {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.accepted)
}
