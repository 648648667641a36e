package chaos

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// reader loads view's list of pictures again and again, as a page that is open does.
type reader struct {
	view string // URL
	http *http.Client

	mu    sync.Mutex
	pages int64    // loaded, or being loaded
	waits bool     // the last one is not there yet
	wrong []string // answers that view must not give
}

// readPause is between a page and the next.
const readPause = 500 * time.Millisecond

func newReader(view string) *reader {
	return &reader{view: view, http: &http.Client{Timeout: answerTime, Transport: &http.Transport{}}}
}

// run loads pages until ctx ends, each until it is there.
func (r *reader) run(ctx context.Context) {
	for ctx.Err() == nil {
		r.note(1, true)
		for ctx.Err() == nil && !r.try(ctx) {
			wait(ctx, retryPause)
		}
		r.note(0, false)
		wait(ctx, readPause)
	}
}

func (r *reader) note(more int64, waits bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pages, r.waits = r.pages+more, waits
}

// try tells whether there was an answer: not silence, and not 503.
func (r *reader) try(ctx context.Context) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.view+"/?limit=5", nil)
	if err != nil {
		return false
	}
	request.Header.Set("Accept", "application/json")
	response, err := r.http.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	var list struct{ Images []json.RawMessage }
	if err = json.NewDecoder(response.Body).Decode(&list); err != nil && response.StatusCode == http.StatusOK {
		return false // broken off
	}
	switch {
	case response.StatusCode == http.StatusServiceUnavailable:
		return false
	case response.StatusCode != http.StatusOK || len(list.Images) == 0: // the samples are there from the beginning
		r.mu.Lock()
		defer r.mu.Unlock()
		note(&r.wrong, "view answered the list of pictures by %d, with %d pictures: %v", response.StatusCode, len(list.Images), err)
	}
	return true
}

// unanswered gives the page that is not there yet, as work of no image.
func (r *reader) unanswered() (page work, waits bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return work{round: r.pages}, r.waits
}

// answers tells how many pages were loaded, and what was wrong with some.
func (r *reader) answers() (pages int64, wrong []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pages, r.wrong
}
